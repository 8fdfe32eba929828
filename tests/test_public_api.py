"""The face of the package: what `from synfinance_settings import ...` gives, and what importing costs."""

from __future__ import annotations

import inspect

import pytest

import synfinance_settings

LIBRARIES = "{'pydantic', 'dynaconf', 'yaml', 'dotenv', 'click', 'watchdog'}"


def test_all_is_sorted_and_holds_no_name_twice():
    assert synfinance_settings.__all__ == sorted(set(synfinance_settings.__all__))


def test_the_promised_names_are_there():
    sections = ("Server", "Database", "Cache", "Generation", "FeatureEngineering", "ML", "Monitoring", "Security")
    promised = {"settings", "get_config", "override", "ConfigManager", "EnvLoader", "Environment", "LogLevel"}
    promised |= {"Snapshot", "AppConfig", "SettingsError", *(f"{name}Config" for name in sections)}
    assert promised <= set(synfinance_settings.__all__)


@pytest.mark.parametrize("name", synfinance_settings.__all__)
def test_every_name_resolves_and_is_listed_by_dir(name):
    assert getattr(synfinance_settings, name) is not None
    assert name in dir(synfinance_settings)


@pytest.mark.parametrize("name", [name for name in synfinance_settings.__all__ if name != "settings"])
def test_every_class_and_function_says_what_it_is(name):
    assert inspect.getdoc(getattr(synfinance_settings, name))


def test_every_error_can_be_caught_as_a_settings_error():
    errors = [name for name in synfinance_settings.__all__ if name.endswith("Error")]
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
    "arguments", [[], ["validate"], ["show"], ["get"], ["explain"], ["schema"], ["env-template"]], ids=" ".join
)
def test_help_loads_neither_dynaconf_nor_pydantic(project, arguments):
    code = f"""if True:
        import sys
        from synfinance_settings.cli.group import group
        group([*{arguments}, "--help"], standalone_mode=False)
        assert not {{'pydantic', 'dynaconf', 'yaml', 'watchdog'}} & set(sys.modules), sorted(sys.modules)
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)
    assert run.stdout.startswith("Usage: ")


def test_a_start_imports_nothing_that_judges_writes_or_compares_files(project):
    code = """if True:
        import sys
        from synfinance_settings import settings
        settings.server.port
        rarely = ("editing", "layers.trial", "layers.comparison", "text.atomic", "live.watcher", "cli")
        print([name for name in rarely if f"synfinance_settings.{name}" in sys.modules])
    """
    assert project.python(code).stdout == "[]\n"
