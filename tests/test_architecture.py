"""The house stands: imports go to a lower floor only, and each library has one door."""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import synfinance_settings

PACKAGE = Path(synfinance_settings.__file__).parent
NAME = PACKAGE.name
FLOORS = (
    ("foreign", "slips"),
    ("errors",),
    ("environment",),
    ("sections",),
    ("layers",),
    ("env_loader", "editing"),
    ("live",),
    ("cli", "testing", "metrics"),
    ("__init__",),
    ("pytest_plugin", "__main__"),
)
FLOOR_OF = {wing: floor for floor, wings in enumerate(FLOORS) for wing in wings}
DOORS = {
    "yaml": {"layers/yaml_text.py"},
    "dotenv": {"layers/dotenv_text.py"},
    "dynaconf": {"layers/merge.py"},
    "watchdog": {"live/hints.py"},
    "click": {"cli/"},
    "platformdirs": {"cli/options.py"},
    "psycopg": {"cli/probe.py"},
    "redis": {"cli/probe.py"},
    "prometheus_client": {"metrics.py"},
    "pytest": {"pytest_plugin.py", "testing.py"},
    "pydantic": {"sections/", "layers/validation.py", "layers/output.py", "cli/doctor.py"},
    "pydantic_core": {"sections/", "layers/validation.py"},
    "annotated_types": {"sections/keys.py"},
}
READERS_OF_ENVIRON = {"live/manager.py", "env_loader.py", "cli/", "layers/merge.py"}

SOURCES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}


def imported(tree):
    """The modules that are named in imports, wherever they stand."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module


def module_of(source):
    parts = [NAME, *source.removesuffix(".py").split("/")]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def wing(module):
    return [*module.split("."), "__init__"][1]


def behind(source, doors):
    return any(source == door or (door.endswith("/") and source.startswith(door)) for door in doors)


@pytest.mark.parametrize("source", SOURCES)
def test_imports_go_to_a_lower_floor_or_stay_in_their_wing(source):
    own = wing(module_of(source)) if source != "__init__.py" else "__init__"
    for module in imported(SOURCES[source]):
        if module.split(".")[0] == NAME:
            lower = FLOOR_OF[wing(module)] < FLOOR_OF[own]
            assert lower or wing(module) == own, module


def test_no_modules_import_one_another_in_a_circle():
    modules = {module_of(source) for source in SOURCES}
    graph = {module_of(source): set(imported(tree)) & modules for source, tree in SOURCES.items()}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("source", SOURCES)
def test_each_library_has_one_door(source):
    for module in imported(SOURCES[source]):
        library = module.split(".")[0]
        if library not in sys.stdlib_module_names and library != NAME:
            assert behind(source, DOORS[library]), module


@pytest.mark.parametrize("source", [source for source in SOURCES if not behind(source, READERS_OF_ENVIRON)])
def test_nobody_below_the_top_reads_the_process_environment(source):
    for node in ast.walk(SOURCES[source]):
        assert not (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and of(node, "os"))
        assert not (isinstance(node, ast.ImportFrom) and node.module == "os")


def of(node, module):
    return isinstance(node.value, ast.Name) and node.value.id == module


@pytest.mark.parametrize("source", SOURCES)
def test_every_module_says_what_it_answers_for(source):
    assert ast.get_docstring(SOURCES[source])


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "cli/render.py"])
def test_one_module_prints_which_escapes_what_is_foreign(source):
    for node in ast.walk(SOURCES[source]):
        assert not (isinstance(node, ast.Name) and node.id == "print")
        assert not (isinstance(node, ast.Attribute) and node.attr in ("echo", "secho", "style") and of(node, "click"))
