"""The face of the package: what `from synfinance_settings import ...` gives, and what importing costs."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

import synfinance_settings
from synfinance_settings.sections.application import SYNFINANCE

SECTIONS = SYNFINANCE.catalogue.sections

LIBRARIES = "{'pydantic', 'dynaconf', 'yaml', 'dotenv', 'click', 'watchdog'}"


def test_all_is_sorted_and_holds_no_name_twice():
    assert synfinance_settings.__all__ == sorted(set(synfinance_settings.__all__))


def test_the_promised_names_are_there():
    promised = {"settings", "get_config", "override", "ConfigManager", "EnvLoader", "Environment", "LogLevel"}
    promised |= {"Snapshot", "AppConfig", "SettingsError", *(model.__name__ for model in SECTIONS.values())}
    promised |= {"Application", "ApplicationError", "Server", "Listener", "File", "Folder"}
    promised |= {"Certificate", "Credential"}
    assert promised <= set(synfinance_settings.__all__)


def test_type_checkers_find_what_is_exported_and_where_it_is():
    """By a name given twice, which is how a type checker knows an import for an export."""
    (block,) = (
        node
        for node in ast.parse(Path(synfinance_settings.__file__).read_text()).body
        if isinstance(node, ast.If) and node.body and isinstance(node.body[0], ast.ImportFrom)
    )
    seen = {
        name.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for name in node.names
    }
    assert list(seen.values()) == sorted(seen.values())
    assert sorted(seen) == synfinance_settings.__all__
    for name, module in seen.items():
        assert getattr(import_module(module), name) is getattr(synfinance_settings, name)


@pytest.mark.parametrize("name", synfinance_settings.__all__)
def test_every_name_resolves_and_is_listed_by_dir(name):
    assert getattr(synfinance_settings, name) is not None
    assert name in dir(synfinance_settings)


@pytest.mark.parametrize("name", [name for name in synfinance_settings.__all__ if name != "settings"])
def test_every_class_and_function_says_what_it_is(name):
    assert inspect.getdoc(getattr(synfinance_settings, name))


def test_every_error_but_that_of_a_program_can_be_caught_as_a_settings_error():
    errors = [name for name in synfinance_settings.__all__ if name.endswith("Error") and name != "ApplicationError"]
    assert all(issubclass(getattr(synfinance_settings, name), synfinance_settings.SettingsError) for name in errors)


def test_only_the_error_of_a_variable_is_a_value_error():
    errors = [name for name in synfinance_settings.__all__ if name.endswith("Error")]
    assert [name for name in errors if issubclass(getattr(synfinance_settings, name), ValueError)] == ["VariableError"]


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'setings'"):
        _ = synfinance_settings.setings


def test_importing_loads_no_library_and_reads_no_file(project):
    project.layer("default", "not: [yaml")
    code = f"""if True:
        import sys
        opened = []
        sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
        import synfinance_settings
        assert not {LIBRARIES} & set(sys.modules), set(sys.modules)
        assert not [path for path in opened if str(path).endswith((".yaml", ".json", ".env"))]
        from synfinance_settings import settings, get_config, ConfigManager, AppConfig
        assert not [path for path in opened if str(path).endswith((".yaml", ".json", ".env"))]
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)


@pytest.mark.parametrize(
    "arguments",
    [[], ["validate"], ["show"], ["get"], ["explain"], ["export"], ["schema"], ["env-template"]],
    ids=" ".join,
)
def test_help_loads_neither_dynaconf_nor_pydantic(project, arguments):
    code = f"""if True:
        import sys
        from synfinance_settings.cli.group import group
        group([*{arguments}, "--help"], standalone_mode=False)
        assert not {{'pydantic', 'dynaconf', 'yaml', 'watchdog'}} & set(sys.modules), sorted(sys.modules)
        rarely = {{'shutil', 'queue', 'secrets', 'difflib', 'json', 'logging'}}
        assert not rarely & set(sys.modules), rarely & set(sys.modules)
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)
    assert run.stdout.startswith("Usage: ")


def test_a_start_imports_nothing_that_judges_writes_or_compares_files(project):
    code = """if True:
        import sys
        from synfinance_settings import settings
        settings.server.port
        rarely = ("editing", "layers.trial", "layers.comparison", "layers.references", "layers.waivers")
        rarely += ("text.atomic", "text.brackets", "live.watcher", "cli")
        print([name for name in rarely if f"synfinance_settings.{name}" in sys.modules], "difflib" in sys.modules)
    """
    assert project.python(code).stdout == "[] False\n"
