"""Layers into one: the door to dynaconf.

Each layer is a loader in dynaconf's protocol. The engine calls one after the other with a dynaconf object that is made
for this merge alone, and reads what dynaconf merged there: sections key by key. Everything else that dynaconf does is
off. It would read options from the process environment when it is imported and when it starts, so it sees none of them
(docs/why.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from synfinance_settings.layers.dynaconf_import import COMPILING, UNCALLED, UNUSED, deaf_import
from synfinance_settings.lean import lean_import
from synfinance_settings.text.node import Branch

ROOT: Final = "LAYERS"
"""The key below which loaders put their sections: one for all, since dynaconf upper-cases the names at the top."""

_OURS: Final = "synfinance_settings"  # as dynaconf's record of loaders calls those of layers
_NO_ENVIRONMENT: Final = "main"  # what dynaconf calls it
_OPTIONS: Final = {
    "AUTO_CAST_FOR_DYNACONF": False,
    "DYNABOXIFY": False,
    "DOTTED_LOOKUP_FOR_DYNACONF": False,
    "INDEX_SEPARATOR_FOR_DYNACONF": None,
    "MERGE_ENABLED_FOR_DYNACONF": False,
    "NESTED_SEPARATOR_FOR_DYNACONF": None,
    "VALIDATE_ON_UPDATE_FOR_DYNACONF": False,
}


with deaf_import(), lean_import(UNUSED, UNCALLED, COMPILING):
    from dynaconf.base import DynaconfCore, Settings
    from dynaconf.loaders.base import SourceMetadata
    from dynaconf.utils import object_merge

if TYPE_CHECKING:
    _Base = Any
else:
    _Base = Settings


class Loader(Protocol):
    """What dynaconf takes for a loader, a module of its own among them."""

    def load(self, obj: Any, env: str, silent: bool = False, key: str | None = None) -> None:
        """Put what this source says into the dynaconf object `obj`."""


class LayerLoader:
    """A layer as a loader: it hands its sections over below `ROOT`, and says which layer they are from."""

    def __init__(self, name: str, branch: Branch) -> None:
        self.name = name
        self.branch = branch

    def load(self, obj: Any, env: str, silent: bool = False, key: str | None = None) -> None:
        """Hand all over at once: nothing is read here that could fail, or that a `key` would save."""
        source = SourceMetadata(loader=_OURS, identifier=self.name, env=env, merged=True)
        sections = _copied(self.branch)
        obj.set(ROOT, sections, loader_identifier=source, merge=True, dotted_lookup=False, validate=False)


class _Merger(_Base):  # type: ignore[misc]
    """A dynaconf that is given everything: it looks at no file, no variable and no option but these."""

    def __init__(self) -> None:
        """Start empty; dynaconf's own start sets 66 options one by one and then searches for files."""
        self.__dict__["__core__"] = DynaconfCore("main", box_settings=self, dynaboxify=False)

    @property
    def environ(self) -> dict[str, str]:
        return {}

    def set(self, key: Any, value: Any, loader_identifier: Any = None, **options: Any) -> None:
        """What dynaconf does; of what a layer says its record, and its merge of each section that is named.

        Its casting is off, and a merge of all at once would go over the other sections too, and change nothing there.
        """
        if key != ROOT or not isinstance(loader_identifier, SourceMetadata) or loader_identifier.loader != _OURS:
            super().set(key, value, loader_identifier, **options)
            return
        self.loaded_by_loaders.setdefault(loader_identifier, {})[ROOT] = value
        sections = self.store.setdefault(ROOT, {})
        for name, section in value.items():
            sections[name] = object_merge(sections[name], section) if name in sections else section

    def get(self, key: str, default: Any = None, **_: Any) -> Any:
        """What is there, or an option that dynaconf asks itself for; unasked, it would look in the environment."""
        return _OPTIONS[key] if key in _OPTIONS else self.store.get(key, default)


def merge(layers: Iterable[tuple[str, Branch]], environment: str = _NO_ENVIRONMENT) -> Branch:
    """The layers merged, lowest first: sections key by key, everything else as a whole."""
    return merged((LayerLoader(name, branch) for name, branch in layers), environment)


def merged(loaders: Iterable[Loader], environment: str = _NO_ENVIRONMENT) -> Branch:
    """What `loaders` put below `ROOT`, called in turn as dynaconf calls its own; an error of one is an error of all."""
    merger = _Merger()
    for loader in loaders:
        loader.load(merger, environment, silent=False, key=None)
    sections: Branch = merger.store.get(ROOT, {})
    return sections


class _Scratch(_Merger):
    """An empty dynaconf for one foreign loader: it has the options that it is given, and is deaf to all others."""

    def __init__(self, options: Mapping[str, Any], environment: str) -> None:
        super().__init__()
        self.__dict__["__core__"].config.defaults = {}  # where dynaconf keeps what is set without a source
        self.__dict__["_options"] = {**_OPTIONS, **options}
        self.__dict__["_environment"] = environment

    @property
    def current_env(self) -> str:
        environment: str = self.__dict__["_environment"]
        return environment

    def get(self, key: Any, default: Any = None, **_: Any) -> Any:
        options = self.__dict__["_options"]
        return options[key] if key in options else self.store.get(key, default)


def loaded_alone(loader: Loader, options: Mapping[str, Any], environment: str) -> dict[Any, Any]:
    """What `loader` puts into an empty dynaconf object that has `options`; raises whatever the loader raises."""
    scratch = _Scratch(options, environment)
    loader.load(scratch, environment, silent=False, key=None)
    return dict(scratch.store)


def _copied(branch: Branch) -> Branch:
    """`branch` with sections of its own, since dynaconf merges into what it is given."""
    return {key: _copied(value) if type(value) is dict else value for key, value in branch.items()}
