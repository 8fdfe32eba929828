"""SynFinance's own settings as they are in force in this process: the application that this package ships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack, overload

from synfinance_settings.errors import door
from synfinance_settings.layers.report import ValidationReport, judged
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.facade import settings_of
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.application import SYNFINANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from synfinance_settings.live.follow import Follow
    from synfinance_settings.live.held import Made
    from synfinance_settings.live.making import Options, Recipe

    class Settings(AppConfig):
        """The type of `settings`: an `AppConfig` that also hands out its snapshot."""

        def snapshot(self) -> Snapshot[AppConfig]:
            """The whole immutable state, for work that must see one state from start to end."""

        def get(self, key: str, default: Any = None) -> Any:
            """The value of `key` (``server.port``) or the model of a section; `default` for any other key."""

        def as_dict(self) -> dict[str, Any]:
            """All values as plain data that JSON can say, secrets masked."""

        def from_env(self, environment: str) -> AppConfig:
            """The settings of another environment, loaded apart."""

        def load_or_exit(self) -> None:
            """Load, or print on stderr what ``validate`` prints and end the process with 1."""

    settings: Settings
else:
    settings = settings_of(SYNFINANCE)


def check_config(config: AppConfig) -> ValidationReport:
    """What a load would say of a config that was built by hand: the rules of its environment, told and not raised.

    The model itself checks each value, and the values of a section against one another, when it is built; the rules of
    an environment (docs/settings.md) it does not know. They are asked anew here, all of them.
    """
    return judged(SYNFINANCE, config, config.environment)


@overload
def follow(section: str | None, make: Recipe[Made], **options: Unpack[Options[Made]]) -> Follow[Made]: ...


@overload
def follow(
    section: str | None, make: Callable[[Any], Coroutine[Any, Any, Made]], **options: Unpack[Options[Made]]
) -> Follow[Made]: ...


@overload
def follow(section: str | None, make: Callable[[Any], Made], **options: Unpack[Options[Made]]) -> Follow[Made]: ...


def follow(section: str | None, make: Any, **options: Any) -> Follow[Any]:
    """Something that is made of the model of `section` and made anew when that changes, as `ConfigManager.follow` says
    it, with the process-wide manager.
    """
    found: Follow[Any] = ConfigManager().follow(section, make, **options)
    return found


@door
def get_config() -> AppConfig:
    """The current state of the process-wide manager, loaded at the first use."""
    return ConfigManager().get_config()
