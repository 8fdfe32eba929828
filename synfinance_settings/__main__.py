"""``python -m synfinance_settings`` is the command ``synfinance-settings``, but for where Python looks for modules.

With ``-m`` it looks in the working directory first, where others may have put a ``yaml.py``; so that goes, before
anything is imported that Python has not loaded itself. A whole ``synfinance_settings`` there would come before this
one: only the command, or ``-P``, keeps that out.
"""

import os
import sys


def _forget_working_directory() -> None:
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib might be theirs
    except OSError:  # there is none, so Python did not add it
        return
    if not sys.flags.safe_path and sys.path[:1] == [here]:
        del sys.path[0]


if __name__ == "__main__":
    _forget_working_directory()

    from synfinance_settings.cli.group import main

    main()
