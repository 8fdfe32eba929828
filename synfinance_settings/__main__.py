"""``python -m synfinance_settings`` is the command ``synfinance-settings``."""

from synfinance_settings.cli.group import main

if __name__ == "__main__":
    main()
