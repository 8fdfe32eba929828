"""The house stands: imports go to a lower floor only, and each library has one door."""

from __future__ import annotations

import ast
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import synfinance_settings
from synfinance_settings.sections.application import SYNFINANCE

PACKAGE = Path(synfinance_settings.__file__).parent
NAME = PACKAGE.name
FLOORS = (
    ("log", "pattern", "record", "slips"),
    ("lean",),
    ("foreign",),
    ("errors",),
    ("environment",),
    ("text", "remote"),
    ("model",),
    ("sections",),
    ("choice",),
    ("layers", "reads"),
    ("env_loader", "editing", "probing"),
    ("live",),
    ("cli", "suite", "synfinance", "testing", "metrics", "servers", "dynaconf_view", "following"),
    ("application",),
    ("__init__",),
    ("pytest_plugin", "__main__"),
)
FLOOR_OF = {wing: floor for floor, wings in enumerate(FLOORS) for wing in wings}
DOORS = {
    "yaml": {"text/yaml.py"},
    "dotenv": {"text/dotenv.py"},
    "dynaconf": {"layers/merge.py", "dynaconf_view.py"},  # the engine, and the face for who knows dynaconf
    "watchdog": {"live/hints.py"},
    "click": {"cli/", "application.py"},  # the face for type checkers alone
    "platformdirs": {"live/state_folder.py"},
    "psycopg": {"probing/probe.py", "following/psycopg.py"},
    "psycopg_pool": {"following/psycopg.py"},
    "redis": {"probing/probe.py", "remote/", "following/redis.py"},
    "sqlalchemy": {"following/sqlalchemy.py"},
    "httpx": {"following/httpx.py"},
    "prometheus_client": {"metrics.py"},
    "pytest": {"pytest_plugin.py", "testing/"},
    "pydantic": {"model/", "sections/", "layers/validation.py", "layers/output.py"},
    "pydantic_core": {"model/", "layers/validation.py"},
    "typing_extensions": {"choice.py", "model/application.py", "layers/snapshot.py"},  # for type checkers alone
    "annotated_types": {"model/plain_types.py"},
}
READERS_OF_ENVIRON = {
    "choice.py",
    "live/current.py",
    "env_loader.py",
    "cli/",
    "layers/dynaconf_import.py",
    "testing/trials.py",  # another interpreter has the same
}

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


WHO_KNOWS_SYNFINANCE = {
    "__init__.py",
    "choice.py",
    "synfinance.py",
    "testing/overrides.py",
}
"""The faces; everybody else is handed an application."""


@pytest.mark.parametrize("source", [source for source in SOURCES if not behind(source, WHO_KNOWS_SYNFINANCE)])
def test_only_faces_and_commands_know_the_settings_of_synfinance(source):
    if not source.startswith("sections/"):
        assert "sections" not in {wing(module) for module in imported(SOURCES[source]) if module.startswith(NAME)}


SPEAKS_OF_SYNFINANCE = {
    "__init__.py": "the face",
    "synfinance.py": "what the face shows",
    "cli/words.py": "written by docs/reference.py, so that help and completion wait for no model",
}
KEY = re.compile(r"\b(?:" + "|".join(re.escape(key) for key in SYNFINANCE.catalogue.settings if "." in key) + r")\b")
PREFIX = re.compile(rf"{SYNFINANCE.prefix}(?!SETTINGS_APP\b)")  # that one is of the package, whatever the application


@pytest.mark.parametrize("source", [source for source in SOURCES if source not in SPEAKS_OF_SYNFINANCE])
def test_no_key_and_no_variable_of_synfinance_stands_outside_its_sections(source):
    """Not even as an example: what is written for any program speaks of none."""
    if not source.startswith("sections/"):
        text = (PACKAGE / source).read_text()
        assert not KEY.findall(text)
        assert not PREFIX.findall(text)


MOST_METHODS = 20
LARGER = {
    ("editing/splice.py", "_Sheet"): "two that others call, and one for each shape that an edit meets in one text",
}


def is_private(name):
    of_named_tuples = ("_replace", "_asdict")
    return name.startswith("_") and not name.endswith("__") and name not in ("_", *of_named_tuples)


def private_names_made(tree):
    """The private names that a module gives to something of its own: functions, classes, variables, attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def private_names_used(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if is_private(name):
                yield name
            case ast.ImportFrom(names=aliases):
                yield from (alias.name for alias in aliases if is_private(alias.name))


@pytest.mark.parametrize("source", SOURCES)
def test_no_module_uses_a_private_name_of_another(source):
    used = set(private_names_used(SOURCES[source])) - set(private_names_made(SOURCES[source]))
    assert not used


PRIVATE_TO_LIVE = {
    name for source, tree in SOURCES.items() if source.startswith("live/") for name in private_names_made(tree)
}
ABOVE_LIVE = [source for source in SOURCES if FLOOR_OF[wing(module_of(source))] > FLOOR_OF["live"]]


@pytest.mark.parametrize("source", ABOVE_LIVE)
def test_nothing_above_what_is_in_force_uses_a_private_name_of_it(source):
    """Not even one that it has given to something of its own, too."""
    for node in ast.walk(SOURCES[source]):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr in PRIVATE_TO_LIVE:
            assert isinstance(node.value, ast.Name), ast.unparse(node)
            assert node.value.id in ("self", "cls"), ast.unparse(node)


CLASSES = {
    (source, node.name): node
    for source, tree in SOURCES.items()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef)
}


@pytest.mark.parametrize(("source", "name"), CLASSES)
def test_no_class_has_more_methods_than_one_can_keep_in_mind(source, name):
    """Properties and private ones count, those with special names do not: what they do is known."""
    body = CLASSES[source, name].body
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    methods = {name for name in functions if not name.endswith("__")}
    assert (len(methods) > MOST_METHODS) == ((source, name) in LARGER), methods


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_masked_by_replacing_text(source):
    """A secret that is a word of the message would cut it to pieces, and show itself by that: masks go by place."""
    calls = (node for node in ast.walk(SOURCES[source]) if isinstance(node, ast.Call))
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("replace", "sub", "translate"):
            names = {node.id for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Name)}
            assert "MASK" not in names, ast.unparse(call)
            asked = {
                node.attr for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Attribute)
            }
            assert "get_secret_value" not in asked, ast.unparse(call)
