"""`ConfigManager`: shared or its own, load, reload by replacing, validate, export, explain."""

from __future__ import annotations

import copy
import inspect
import json
import logging
import os
import pickle
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synfinance_settings import (
    AppConfig,
    ConfigManager,
    ConfigWatcher,
    Environment,
    LayerError,
    SettingsError,
    UnknownKeyError,
    ValidationReport,
    get_config,
)
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings
values_of = SYNFINANCE.catalogue.values_of


def test_without_arguments_it_is_the_one_of_the_process():
    assert ConfigManager() is ConfigManager()
    assert ConfigManager().get_config() is get_config()


@pytest.mark.parametrize(
    "argument",
    [
        {"settings_dir": None},
        {"environment": None},
        {"environ": None},
        {"environ": {}},
        {"env_file": None},
        {"state_dir": None},
        {"history_limit": 10},
        {"arguments": None},
    ],
    ids=repr,
)
def test_with_any_argument_whatever_its_value_it_is_one_of_its_own(argument):
    assert ConfigManager(**argument) is not ConfigManager()
    assert ConfigManager(**argument) is not ConfigManager(**argument)


def test_a_subclass_has_a_process_wide_one_of_its_own_kind():
    class Sub(ConfigManager):
        pass

    class SubSub(Sub):
        pass

    assert (type(Sub()), type(SubSub()), type(ConfigManager())) == (Sub, SubSub, ConfigManager)
    assert (Sub() is Sub(), SubSub() is SubSub()) == (True, True)
    assert type(Sub(environ={})) is Sub


def test_a_subclass_says_in_its_own_init_what_its_process_wide_one_is_of(project):
    project.layer("test", "app_name: tested")

    class Sub(ConfigManager):
        def __init__(self):
            super().__init__(settings_dir=project.settings, environment="test", environ={})

    first = Sub().get_config()
    assert first.app_name == "tested"
    assert Sub().get_config() is first


def test_threads_that_ask_for_the_process_wide_one_at_once_get_one(project):
    class Sub(ConfigManager):
        pass

    start = threading.Barrier(8)

    def ask(_):
        start.wait()
        manager = Sub()
        return manager, manager.current

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1


def test_help_shows_the_arguments():
    assert list(inspect.signature(ConfigManager).parameters) == [
        "application",
        "settings_dir",
        "environment",
        "environ",
        "env_file",
        "state_dir",
        "history_limit",
        "arguments",
    ]
    with pytest.raises(TypeError, match="unexpected keyword argument 'folder'"):
        ConfigManager(folder="settings")


def test_the_variables_of_the_process_are_copied_at_the_first_load(project):
    code = """if True:
        import os
        from synfinance_settings import ConfigManager, settings
        shared, own = ConfigManager(), ConfigManager(history_limit=3)
        os.environ["SYNFINANCE_ENV"] = "test"
        os.environ["SYNFINANCE_SERVER__PORT"] = "9001"
        os.environ["SYNFINANCE_STATE_DIR"] = "kept"
        print(settings.server.port, own.get_config().server.port, own.get_environment())
        os.environ["SYNFINANCE_SERVER__PORT"] = "9002"
        print(shared.reload_config().server.port, own.reload_config().server.port)
    """
    project.layer("test", "{}\n")
    run = project.python(code)
    assert (run.stdout, run.stderr) == ("9001 9001 test\n9001 9001\n", "")
    assert len(list((project.root / "kept").iterdir())) == 1


def test_a_load_that_is_asked_for_again_copies_the_variables_anew(project):
    """Folder and environment stay what they were, and so do variables that were handed over."""
    code = """if True:
        import os
        from synfinance_settings import ConfigManager, SettingsError
        shared, own = ConfigManager(), ConfigManager(environ={"SYNFINANCE_SERVER__PORT": "9009"})
        shared.load_config(), own.load_config()
        os.environ.update(SYNFINANCE_SERVER__PORT="9001", SYNFINANCE_ENV="test", SYNFINANCE_SETTINGS_DIR="/nowhere")
        print(shared.load_config().server.port, own.load_config().server.port, shared.get_environment())
        os.environ["SYNFINANCE_SERVER__PORT"] = "no port"
        try:
            shared.load_config()
        except SettingsError as error:
            print(error.problems[0].origin)
        print(shared.reload_config().server.port, type(shared.last_failure).__name__)
    """
    run = project.python(code)
    assert run.stdout == "9001 9009 development\nenv SYNFINANCE_SERVER__PORT\n9001 NoneType\n", run.stderr


def test_a_load_that_failed_leaves_dotenv_to_the_variables_that_hold(project):
    project.write(".env", "SYNFINANCE_APP_NAME=${NAME}\n")
    code = """if True:
        import os
        from synfinance_settings import ConfigManager, SettingsError
        os.environ["NAME"] = "held"
        manager = ConfigManager()
        manager.load_config()
        os.environ.update(NAME="failed", SYNFINANCE_SERVER__PORT="no port")
        try:
            manager.load_config()
        except SettingsError:
            print(manager.reload_config().app_name)
    """
    assert project.python(code).stdout == "held\n"


def test_the_variables_are_copied(project):
    variables = {"SYNFINANCE_SERVER__PORT": "9001"}
    manager = ConfigManager(settings_dir=project.settings, environ=variables)
    variables["SYNFINANCE_SERVER__PORT"] = "9002"
    assert manager.get_config().server.port == 9001


def test_the_argument_decides_the_environment_before_variables(project):
    project.layer("test", "app_name: tested")
    variables = {"SYNFINANCE_ENV": "development"}
    manager = ConfigManager(settings_dir=project.settings, environment="testing", environ=variables)
    assert manager.get_environment() is Environment.TEST
    assert "argument" in str(manager.explain("environment").origin)


def test_an_env_file_takes_the_place_of_dotenv(project):
    project.write(".env", "SYNFINANCE_SERVER__PORT=9001\n")
    path = project.write("other.env", "SYNFINANCE_SERVER__WORKERS=2\n")
    config = ConfigManager(settings_dir=project.settings, environ={}, env_file=path).load_config()
    assert (config.server.port, config.server.workers) == (8000, 2)


def test_an_env_file_that_is_not_there_is_an_empty_one(project):
    project.write(".env", "SYNFINANCE_SERVER__PORT=9001\n")
    manager = ConfigManager(settings_dir=project.settings, environ={}, env_file=project.root / "missing.env")
    assert manager.get_config().server.port == 8000


def test_a_settings_folder_that_was_named_must_exist(project):
    with pytest.raises(LayerError, match=r"nowhere'? does not exist"):
        ConfigManager(settings_dir=project.root / "nowhere", environ={}).load_config()


@pytest.mark.parametrize(("name", "kind"), [("production", "production"), ("dev", "development"), ("test", "test")])
def test_it_knows_its_environment(project, name, kind):
    project.secure_production()
    manager = project.manager(SYNFINANCE_ENV=name)
    assert manager.get_environment() is Environment(kind)
    assert manager.is_production() is (kind == "production")
    assert manager.is_development() is (kind == "development")


def test_a_file_may_take_the_place_of_the_environments_layer(project):
    project.layer("development", "app_name: layer")
    path = project.write("candidate.yaml", "server: {workers: 2}")
    manager = project.manager()
    config = manager.load_config(path)
    assert (config.app_name, config.server.workers) == ("SynFinance", 2)
    assert manager.get_config() is config
    assert manager.reload_config() == config


def test_another_environment_may_be_loaded(project):
    project.layer("test", "app_name: tested")
    manager = project.manager()
    manager.load_config()
    assert manager.load_config(environment="test").app_name == "tested"
    assert manager.get_environment() is Environment.TEST
    assert manager.reload_config().app_name == "tested"


def test_a_load_that_fails_changes_nothing(project):
    manager = project.manager()
    before = manager.load_config()
    bad = project.write("bad.yaml", "server: {port: x}")
    for arguments in ({"config_path": bad}, {"environment": "prodution"}, {"config_path": project.root / "no.yaml"}):
        with pytest.raises(SettingsError):
            manager.load_config(**arguments)
    assert manager.get_config() is before
    assert manager.get_environment() is Environment.DEVELOPMENT


def test_a_reload_takes_the_new_values(project):
    project.layer("default", "server: {workers: 2}")
    manager = project.manager()
    old = manager.snapshot
    project.layer("default", "server: {workers: 3}\napp_name: new")
    assert manager.reload_config().server.workers == 3
    assert (old.config.server.workers, old.number) == (2, 1)
    assert (manager.version, manager.snapshot.pending_restart) == (2, ("server.workers",))
    assert manager.snapshot.fingerprint != old.fingerprint


def test_a_reload_without_a_change_makes_no_new_snapshot(project):
    project.layer("default", "server: {workers: 2}")
    manager = project.manager()
    before = manager.snapshot
    project.layer("default", "# moved\nserver:\n  workers: 2")
    manager.reload_config()
    assert (manager.version, manager.snapshot.loaded_at) == (before.number, before.loaded_at)
    assert str(manager.snapshot.origins["server.workers"]) == "settings/default.yaml:3:12"


def test_a_changed_secret_is_a_new_snapshot_of_the_same_fingerprint(project):
    project.layer("default", "database: {password: one}")
    manager = project.manager()
    before = manager.snapshot
    project.layer("default", "database: {password: two}")
    manager.reload_config()
    assert (manager.version, manager.snapshot.fingerprint) == (2, before.fingerprint)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("settings/default.yaml", "server: {port: x}"),
        ("settings/default.yaml", "server: ["),
        ("settings/default.yaml", ""),
        ("settings/default.yaml", None),
        ("settings/development.yaml", "# nothing\n"),
        ("settings/development.yaml", None),
        ("settings/default.local.yaml", "prot: 1"),
        (".env", "broken line\n"),
        (".env", "SYNFINANCE_SERVER__PORT=x\n"),
    ],
)
def test_a_reload_that_fails_keeps_the_last_good_state(project, path, text):
    project.layer("default", "server: {port: 8001}")
    manager = project.manager()
    before = manager.snapshot
    if text is None:
        (project.root / path).unlink()
    else:
        project.write(path, text)
    with pytest.raises(SettingsError) as caught:
        manager.reload_config()
    assert manager.snapshot is before
    assert manager.last_failure is caught.value
    project.layer("default", "server: {port: 8002}")
    project.layer("development", "{}")
    for name in (".env", "settings/default.local.yaml"):
        (project.root / name).unlink(missing_ok=True)
    assert manager.reload_config().server.port == 8002
    assert manager.last_failure is None


def test_an_empty_mapping_is_content(project):
    project.layer("default", "server: {workers: 2}")
    manager = project.manager()
    manager.load_config()
    project.layer("default", "{}")
    assert manager.reload_config().server.workers == 4


def test_local_layers_and_dotenv_may_vanish(project):
    files = [project.layer("default.local", "app_name: mine"), project.write(".env", "SYNFINANCE_SERVER__WORKERS=2\n")]
    manager = project.manager()
    manager.load_config()
    for path in files:
        path.unlink()
    config = manager.reload_config()
    assert (config.app_name, config.server.workers) == ("SynFinance", 4)


def test_a_reload_does_not_decide_the_environment_anew(project):
    manager = project.manager()
    manager.load_config()
    project.write(".env", "SYNFINANCE_ENV=test\n")
    project.layer("test", "app_name: tested")
    assert manager.reload_config().environment is Environment.DEVELOPMENT


def test_a_warning_is_logged_once(project, caplog):
    caplog.set_level(logging.WARNING, "synfinance_settings")
    manager = project.manager(SYNFINANCE_NONSENSE="1")
    manager.load_config()
    manager.reload_config()
    project.layer("default", "server: {workers: 2}")
    manager.reload_config()
    assert len([record for record in caplog.records if "SYNFINANCE_NONSENSE" in record.getMessage()]) == 1


def test_a_validation_reports_and_changes_nothing(project):
    manager = project.manager()
    before = manager.load_config()
    path = project.write("bad.yaml", "server: {port: x, prot: 1}")
    report = manager.validate_config(path)
    assert isinstance(report, ValidationReport)
    assert not report
    assert sorted(problem.code for problem in report.problems) == ["unknown-key", "wrong-type"]
    assert manager.get_config() is before
    assert manager.last_failure is None
    assert manager.validate_config(project.write("good.yaml", "server: {port: 9001}"))


def test_explain_tells_all_of_a_setting(project):
    project.layer("default", "server: {port: 8001}")
    found = project.manager(SYNFINANCE_SERVER_PORT="8002").explain("server.port")
    assert (found.key, found.value, str(found.origin)) == ("server.port", 8002, "env SYNFINANCE_SERVER_PORT")
    assert [(item.value, str(item.origin)) for item in found.overridden] == [
        ("8001", "settings/default.yaml:1:16"),
        ("8000", "default"),
    ]
    assert (found.description, found.limits, found.needs_restart) == ("TCP port to listen on.", "1024 to 65535", True)
    assert found.variables == ("SYNFINANCE_SERVER__PORT", "SYNFINANCE_SERVER_PORT")


def test_explain_of_what_is_no_setting_suggests_one(project):
    with pytest.raises(UnknownKeyError, match=r"did you mean server\.port\?"):
        project.manager().explain("server.prot")


def test_an_empty_text_that_is_hidden_is_empty_and_not_null(project):
    project.layer("default", "app_name: ''\n")
    project.layer("development", "app_name: null\n")
    found = project.manager(SYNFINANCE_APP_NAME="x").explain("app_name")
    assert [item.value for item in found.overridden] == ["null", "", "SynFinance"]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {"app_name": TEXTS, "name": TEXTS, "host": TEXTS, "origins": st.lists(TEXTS.filter(str.strip), max_size=3)}
    )
)
@pytest.mark.parametrize("format", ["yaml", "json"])
def test_what_is_exported_loads_as_the_same(project, format, texts):
    """Whatever stands in the texts: dollars, quotes, hashes, colons, what looks like a number or null."""
    environ = {
        "SYNFINANCE_APP_NAME": texts["app_name"],
        "SYNFINANCE_DATABASE__NAME": texts["name"],
        "SYNFINANCE_DATABASE__HOST": texts["host"],
        "SYNFINANCE_SERVER__CORS_ORIGINS": json.dumps(texts["origins"]),
    }
    manager = project.manager(**environ)
    manager.export_config(project.root / f"exported.{format}", format)
    again = project.manager().load_config(project.root / f"exported.{format}")
    assert again == manager.get_config()


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_an_export_leaves_secrets_out_and_names_them(project, format):
    path = project.root / "exported"
    manager = project.manager(SYNFINANCE_DB_PASSWORD="hush")
    omitted = manager.export_config(path, format)
    assert sorted(omitted) == sorted(key for key, setting in SETTINGS.items() if setting.is_secret)
    assert "hush" not in path.read_text()
    assert (f"# Secrets left out: {', '.join(omitted)}" in path.read_text()) is (format == "yaml")


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_an_export_that_reveals_is_whole_and_for_its_owner_alone(project, format):
    variables = {
        "SYNFINANCE_DB_PASSWORD": "a$b${c}",
        "SYNFINANCE_API_KEYS": '["k,1", "$k"]',
        "SYNFINANCE_ALERT_WEBHOOK": "https://x.example/$1",
    }
    path = project.write(f"exported.{format}", "old")
    manager = project.manager(**variables)
    assert manager.export_config(path, format, reveal_secrets=True) == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert project.manager().load_config(path) == manager.get_config()


def test_an_export_into_a_folder_that_is_not_there_is_an_error(project):
    with pytest.raises(LayerError) as caught:
        project.manager().export_config(project.root / "no" / "where.yaml")
    assert caught.value.problems[0].code == "unwritable"


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"], ids=["a NUL", "a lone surrogate"])
def test_an_export_to_what_is_no_path_is_an_error(project, name):
    with pytest.raises(LayerError) as caught:
        project.manager().export_config(f"{project.root}/{name}")
    assert caught.value.problems[0].code == "unwritable"


def test_an_export_in_a_form_that_does_not_exist_writes_nothing(project):
    with pytest.raises(ValueError, match="format must be 'yaml' or 'json'"):
        project.manager().export_config(project.root / "exported", format="toml")
    assert not (project.root / "exported").exists()


@pytest.mark.parametrize(
    "name", ["missing.yaml", "missing.json", "settings", "a\0b", "x" * 5000], ids=lambda name: name[:12]
)
def test_an_import_of_what_cannot_be_read_leaves_the_layer_as_it_is(project, name):
    path = project.layer("development", "server: {port: 8001}\n")
    manager = project.manager()
    before = manager.get_config()
    with pytest.raises(LayerError):
        manager.import_config(f"{project.root}/{name}")
    assert manager.get_config() is before
    assert path.read_text() == "server: {port: 8001}\n"


def test_nothing_is_left_of_an_export_but_the_file(project):
    before = set(os.listdir(project.root))
    project.manager().export_config(project.root / "exported.yaml")
    assert set(os.listdir(project.root)) - before == {"exported.yaml"}


def test_the_config_is_frozen_to_the_last_list(project):
    config = project.load()
    assert isinstance(config, AppConfig)
    with pytest.raises(Exception, match="frozen"):
        config.server.port = 1
    assert not [key for key, value in values_of(config).items() if isinstance(value, list | dict | set)]


def test_a_reload_and_a_recovery_are_logged(project, caplog):
    caplog.set_level(logging.INFO, "synfinance_settings")
    manager = project.manager()
    manager.load_config()
    for text in ("server: {port: 9000}", "server: {port: x}", "server: {port: 9000}"):
        project.layer("default", text)
        with suppress(SettingsError):
            manager.reload_config()
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert said == ["snapshot 2 is in force; changed: server.port", "the layers validate again; nothing changed"]


@pytest.mark.parametrize("name", ["default", "default.local", "development.local"])
def test_a_file_is_validated_as_the_layer_that_it_is_named_after(project, name):
    project.layer("development", "generation: {start_date: 2024-06-01}\n")
    path = project.layer(name, "generation: {end_date: 2024-03-01}\n")
    report = project.manager().validate_config(path)
    assert [problem.key for problem in report.problems] == ["generation.end_date"]
    assert str(report.problems[0].origin) == f"settings/{name}.yaml:1:24"


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_manager_and_a_watcher_can_be_neither_pickled_nor_copied(project, take):
    """A copy would be the process-wide manager, with the state of another one put into it."""
    manager = project.manager()
    manager.load_config()
    for whole in (manager, ConfigWatcher(manager)):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            take(whole)
    assert ConfigManager() is not manager


def test_a_manager_says_what_it_has_loaded(project):
    manager = project.manager()
    assert repr(manager) == "<ConfigManager, not loaded yet>"
    manager.load_config()
    assert repr(manager) == f"<ConfigManager: development, {project.settings}, snapshot 1>"
