"""The `settings` object: reads like an `AppConfig`, always shows the current snapshot, costs what a plain attribute
costs.

Its `__dict__` is replaced as a whole at every reload, one reference assignment. Before the first load its class is
one with a `__getattr__` that loads; afterwards its class has none, since that would make every read slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.sections.app import AppConfig


class _Loaded:
    """The settings of this process, as they are in force now."""

    def snapshot(self) -> Snapshot:
        """The whole immutable state, for work that must see one state from start to end."""
        return ConfigManager().snapshot

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """As `AppConfig.model_dump`; secrets stay masked."""
        return self.snapshot().config.model_dump(**options)

    def model_dump_json(self, **options: Any) -> str:
        """As `AppConfig.model_dump_json`; secrets stay masked."""
        return self.snapshot().config.model_dump_json(**options)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"settings are read only; {name} is set in a layer, or by override() in a test")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"settings are read only; {name} cannot be deleted")

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.snapshot().config)

    def __eq__(self, other: object) -> bool:
        return other is self or (isinstance(other, AppConfig) and self.snapshot().config == other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return repr(self.snapshot().config)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("settings show what is in force and cannot be pickled or copied; take settings.snapshot()")


class _Unloaded(_Loaded):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        ConfigManager()._mirror(_show)
        return getattr(settings, name)

    def __repr__(self) -> str:
        return "<settings, not loaded yet>"

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *AppConfig.model_fields})


_Loaded.__name__ = _Unloaded.__name__ = "Settings"  # what an AttributeError calls them


def _show(snapshot: Snapshot) -> None:
    """Let `settings` show `snapshot`."""
    object.__setattr__(settings, "__dict__", dict(snapshot.config.__dict__))
    object.__setattr__(settings, "__class__", _Loaded)


if TYPE_CHECKING:

    class Settings(AppConfig):
        """The type of `settings`: an `AppConfig` that also hands out its snapshot."""

        def snapshot(self) -> Snapshot:
            """The whole immutable state, for work that must see one state from start to end."""

    settings: Settings
else:
    settings = _Unloaded()


def get_config() -> AppConfig:
    """The current state of the process-wide manager, loaded at the first use."""
    return ConfigManager().get_config()
