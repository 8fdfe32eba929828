"""Applications and layers of many settings: load, reload, set and compare them.

To edit and to compare in this process it goes behind the faces of the package.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Final, TypeVar

from jobs import Job
from synfinance_settings import Application, ConfigManager, Section, Text, TextList, setting
from synfinance_settings.editing.changes import LayerFiles
from synfinance_settings.editing.edits import setting_edit
from synfinance_settings.layers.comparison import changed_keys
from synfinance_settings.layers.trial import in_environment, validate

T = TypeVar("T")

FIELDS: Final = 100  # of a section


@dataclass(frozen=True)
class Amount:
    """An input of some size: what the default layer, `.env` and the variables say."""

    default: str
    dotenv: str = "# nothing\n"
    variables: dict[str, str] = field(default_factory=dict)
    settings: int = FIELDS


def growth(what: str, size: int, root: str) -> dict[str, Job]:
    """Jobs on an application of `size` settings, or with a value of `size` items."""
    amount = AMOUNTS[what](size)
    settings = Path(root) / "settings"
    settings.mkdir(parents=True)
    default = settings / "default.yaml"
    default.write_text(amount.default)
    for name in ("development", "staging"):
        (settings / f"{name}.yaml").write_text(f"edited: {{value: {name}}}\n")
    (settings.parent / ".env").write_text(amount.dotenv)
    application = made(amount.settings)
    texts = cycle(f"edited: {{value: x{number}}}\n" for number in range(2))

    def manager() -> ConfigManager[Section]:
        return ConfigManager(application, settings_dir=settings, environ=amount.variables)

    loaded = manager()
    loaded.load_config()
    project = loaded.current.project()
    values = cycle(("one", "two"))

    def set_key() -> None:
        edit = setting_edit(application, "edited.value", next(values), allow_secret=False, from_stdin=False)
        LayerFiles(project, None).change({"development": edit}, "set edited.value")

    def compare() -> int:
        reports = [validate(in_environment(project, name)) for name in ("development", "staging")]
        old, new = (report.snapshot for report in reports)
        assert old is not None
        assert new is not None
        return len(changed_keys(old.config, new.config))

    return {
        "load": Job(_uncollected(lambda: manager().load_config())),
        "reload": Job(
            _uncollected(loaded.reload_config), lambda: (settings / "development.yaml").write_text(next(texts))
        ),
        "set": Job(_uncollected(set_key)),
        "diff": Job(_uncollected(compare), seen=int),
    }


def _uncollected(run: Callable[[], T]) -> Callable[[], T]:
    """`run` without the collector of garbage, which walks over all that lives in the process, whoever made it."""

    def without_collector() -> T:
        gc.disable()
        try:
            return run()
        finally:
            gc.enable()

    return without_collector


def made(settings: int) -> Application[Section]:
    """An application of `settings` texts in sections of a hundred, with a list and a setting that is edited."""
    members: dict[str, type[Section]] = {"edited": _section("edited", {"value": Text}, "")}
    members["many"] = _section("many", {"items": TextList}, ())
    for number in range(max(1, settings // FIELDS)):
        name = f"s{number}"
        members[name] = _section(name, {f"f{index}": Text for index in range(min(FIELDS, settings))}, "")
    space = {"__module__": __name__, "__doc__": "Many settings.", "__annotations__": dict(members)}
    model = type("ManyConfig", (Section,), {**space, **{name: section() for name, section in members.items()}})
    return Application(model, prefix="SYNFINANCE_")


def _section(name: str, fields: dict[str, object], default: object) -> type[Section]:
    space = {"__module__": __name__, "__doc__": "Some settings.", "__annotations__": fields}
    return type(f"{name.title()}Config", (Section,), {**space, **{one: setting(default, "One.") for one in fields}})


def _keys(size: int) -> list[tuple[str, str]]:
    return [(f"s{number // FIELDS}", f"f{number % FIELDS}") for number in range(size)]


def _layer(size: int, value: Callable[[int], str]) -> str:
    lines = []
    for number, (section, name) in enumerate(_keys(size)):
        lines += [] if number % FIELDS else [f"{section}:\n"]
        lines.append(f"  {name}: {value(number)}\n")
    return "".join(lines)


def _settings(size: int) -> Amount:
    return Amount(_layer(size, lambda number: f"v{number}"), settings=size)


def _variables(size: int) -> Amount:
    names = {f"SYNFINANCE_{section}__{name}".upper(): "x" for section, name in _keys(size)}
    return Amount("{}\n", variables=names, settings=size)


def _dotenv(size: int) -> Amount:
    return Amount("{}\n", "".join(f"SYNFINANCE_{s}__{n}=".upper() + "x\n" for s, n in _keys(size)), settings=size)


def _items(size: int) -> Amount:
    return Amount("many:\n  items:\n" + "".join(f"  - i{number}\n" for number in range(size)))


def _references(size: int) -> Amount:
    def value(number: int) -> str:
        return "${edited.value}" if number % 2 else "${NOWHERE:-x}"

    return Amount(_layer(size, value), settings=size)


AMOUNTS: Final[dict[str, Callable[[int], Amount]]] = {
    "settings in a layer file": _settings,
    "variables": _variables,
    "lines of `.env`": _dotenv,
    "items of a list": _items,
    "references": _references,
}
