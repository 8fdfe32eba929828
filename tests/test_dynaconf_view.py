"""What is in force, as dynaconf's own tools and code that was written for dynaconf see it."""

from __future__ import annotations

import copy
import json
import pickle
import threading

import pytest
from dynaconf import LazySettings, Validator, inspect_settings
from dynaconf.base import Settings
from dynaconf.utils.inspect import get_history
from dynaconf.validator import ValidationError
from patience import PATIENCE

from synfinance_settings import InvalidSettingsError
from synfinance_settings.dynaconf_view import DynaconfView
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings
values_of = SYNFINANCE.catalogue.values_of

CANARIES = ("canary-password", "canary-cache", "canary-key-0123456789-0123456789-0123")
SECRETS = f"database: {{password: {CANARIES[0]}}}\nsecurity: {{api_keys: [{CANARIES[2]}]}}\n"
VIEW = "from synfinance_settings.dynaconf_view import settings\n"


def dynaconf(project, *arguments, **variables):
    """The command ``dynaconf`` on the view, in a process of its own."""
    code = f"import sys; from dynaconf.cli import main; main({['-i', VIEW_PATH, *arguments]!r})"
    return project.python(code, **variables)


VIEW_PATH = "synfinance_settings.dynaconf_view.settings"


@pytest.fixture
def layered(project):
    """A project with a value of each kind of layer, and secrets."""
    project.layer("default", f"server:\n  port: 8001\n  host: h\n{SECRETS}")
    project.layer("development", "server:\n  port: 8002\n  cors_origins: [http://a, http://b]\n")
    project.layer("default.local", "app_name: mine\n")
    project.write(".env", f"SYNFINANCE_SERVER__WORKERS=2\nSYNFINANCE_CACHE__PASSWORD={CANARIES[1]}\n")
    return project


@pytest.fixture
def manager(layered):
    return layered.manager(SYNFINANCE_ML__FEATURE_ENGINEERING__ENABLED="no")


@pytest.fixture
def view(manager):
    return DynaconfView(manager)


def test_it_is_a_dynaconf_object(view):
    assert isinstance(view, LazySettings)
    assert isinstance(view, Settings)


def test_a_value_is_read_in_every_way_that_dynaconf_has(view):
    ways = [view.SERVER.PORT, view.server.port, view["SERVER"]["PORT"], view["server.port"], view("server.port")]
    ways += [view.get("SERVER.PORT"), view.get("server__port"), view.as_int("server.port"), view.SERVER.get("port")]
    ways += [view.get_fresh("server.port"), dict(view.items())["SERVER"].port, view.as_dict()["SERVER"]["port"]]
    ways += [view.from_env("development").SERVER.PORT, view.store["SERVER"]["port"]]
    assert ways == [8002] * len(ways)
    assert "server.port" in view
    assert view.exists("server")
    assert view.get("server.prot", "nothing") == "nothing"
    assert view.current_env == "development"
    with pytest.raises(AttributeError):
        view.SERVER.PROT  # noqa: B018


def test_every_value_is_the_one_in_force(view, manager):
    plain = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in values_of(manager.snapshot.config).items()
    }
    assert {key: view[key] for key in SETTINGS} == plain
    assert view.DATABASE.PASSWORD.get_secret_value() == CANARIES[0]
    assert view.ML.FEATURE_ENGINEERING.ENABLED is False
    assert type(view.SERVER.LOG_LEVEL) is str
    lowered = {name.lower(): value for name, value in view.as_dict().items()}
    assert lowered == manager.snapshot.config.model_dump(mode="json")


def test_the_history_names_the_place_of_every_value(view, manager):
    origins = manager.snapshot.origins
    assert {key: get_history(view, key)[-1]["identifier"] for key in SETTINGS} == {
        key: str(origin) for key, origin in origins.items()
    }


@pytest.mark.parametrize("text", ["@format {env[HOME]}", "@jinja {{ 7 * 7 }}", "@read_file .env", "@int 5", "1e3"])
def test_what_dynaconf_would_evaluate_is_text(layered, text):
    layered.layer("default.local", json.dumps({"app_name": text}))
    view = DynaconfView(layered.manager())
    assert [view.APP_NAME, view["app_name"], view.as_dict()["APP_NAME"], dict(view)["APP_NAME"]] == [text] * 4
    assert get_history(view, "app_name")[-1]["value"] == text


def test_nobody_can_change_the_history(view):
    view.loaded_by_loaders.clear()
    assert len(get_history(view, "server.port")) == 3


def test_the_history_of_a_key_has_every_layer_that_says_something_of_it(view):
    report = inspect_settings(view, "server.port")
    assert report["current"] == 8002
    assert [(entry["loader"], entry["identifier"], entry["value"]) for entry in report["history"]] == [
        ("environment", "settings/development.yaml:2:9", "8002"),
        ("default", "settings/default.yaml:2:9", "8001"),
        ("models", "default", 8000),
    ]
    (environment, _) = inspect_settings(view, "server.cors_origins", env="development")["history"]
    assert environment["value"] == ["http://a", "http://b"]


def test_it_follows_a_reload_as_a_whole(view, layered):
    before = view.SERVER
    layered.layer("development", "server:\n\n  port: 8003\n  workers: 3\n")
    assert view.SERVER is before
    view.reload()
    assert (view.SERVER.PORT, before.PORT) == (8003, 8002)
    assert get_history(view, "server.port")[-1]["identifier"] == "settings/development.yaml:3:9"


def test_places_that_moved_are_told_anew_where_no_value_changed(view, layered):
    layered.layer("development", "server:\n\n\n  port: 8002\n  cors_origins: [http://a, http://b]\n")
    view.reload()
    assert get_history(view, "server.port")[-1]["identifier"] == "settings/development.yaml:4:9"


def test_a_reload_that_fails_raises_and_changes_nothing(view, layered):
    before = view.as_dict()
    layered.layer("development", "server: {port: 80}")
    with pytest.raises(InvalidSettingsError, match=r"server\.port"):
        view.reload()
    assert view.as_dict() == before


def test_a_reader_never_sees_two_states_in_one_object(view, layered, manager):
    first = view.as_dict()["SERVER"]
    seen, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            data = view.as_dict()
            seen.add((data["SERVER"]["port"], data["SERVER"]["max_request_size"]))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for port in range(9000, 9040):
            layered.layer("development", f"server: {{port: {port}, max_request_size: {port}}}\n")
            manager.reload_config()
    finally:
        stop.set()
        reader.join(PATIENCE)
    assert {pair for pair in seen if pair[0] != pair[1]} <= {(first["port"], first["max_request_size"])}
    assert len(seen) > 1


WRITES = {
    "attribute": lambda view: setattr(view, "SERVER", "x"),
    "new attribute": lambda view: setattr(view, "NEW", "x"),
    "item": lambda view: view.__setitem__("SERVER", "x"),
    "deleted attribute": lambda view: delattr(view, "SERVER"),
    "deleted item": lambda view: view.__delitem__("SERVER"),
    "set": lambda view: view.set("server.port", "x"),
    "setdefault": lambda view: view.setdefault("NEW", "x"),
    "update": lambda view: view.update({"SERVER": {"PORT": "x"}}),
    "update by name": lambda view: view.update(SERVER="x"),
    "unset": lambda view: view.unset("SERVER"),
    "clean": lambda view: view.clean(),
    "load_file": lambda view: view.load_file("other.yaml"),
    "configure": lambda view: view.configure(SERVER="x"),
    "execute_loaders": lambda view: view.execute_loaders(),
    "in a section": lambda view: setattr(view.SERVER, "PORT", "x"),
    "item of a section": lambda view: view.SERVER.__setitem__("port", "x"),
    "update of a section": lambda view: view.SERVER.update(port="x"),
    "deleted from a section": lambda view: delattr(view.SERVER, "PORT"),
    "popped from a section": lambda view: view.ML.FEATURE_ENGINEERING.pop("enabled"),
    "item of a list": lambda view: view.SERVER.CORS_ORIGINS.append("x"),
    "store": lambda view: view.store.update(SERVER="x"),
    "validators": lambda view: view.validators.register(Validator("SERVER", must_exist=False)),
    "variables": lambda view: view.get_environ("HOME"),
}


@pytest.mark.parametrize("way", WRITES)
def test_it_is_read_only(view, way):
    before = view.as_dict()
    with pytest.raises((TypeError, AttributeError)):
        WRITES[way](view)
    assert view.as_dict() == before
    assert view["server.port"] == 8002


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps], ids=lambda take: take.__name__)
def test_it_cannot_be_copied(view, take):
    with pytest.raises(TypeError, match="snapshot"):
        take(view)


def test_a_validator_of_dynaconf_looks_at_what_is_in_force(view):
    Validator("server.port", gte=8000, is_type_of=int).validate(view)
    Validator("DATABASE.PASSWORD", "cache.password", len_min=8, env="development").validate(view)
    Validator("security.ssl_cert_path", "SERVER.NEW", is_type_of=str, when=Validator("DEBUG", eq=True)).validate(view)
    view.validators.validate()
    with pytest.raises(ValidationError, match=r"server\.port") as caught:
        Validator("server.port", gte=9000).validate(view)
    assert "8002" in str(caught.value)
    for change in ({"default": 1}, {"cast": str}):
        with pytest.raises(TypeError, match="read-only"):
            Validator("SERVER.NEW" if "default" in change else "server.port", **change).validate(view)
    with pytest.raises(ValidationError) as caught:
        Validator("DATABASE.PASSWORD", eq="other").validate(view)
    assert CANARIES[0] not in str(caught.value)


def test_no_other_environment_is_shown_for_this_one(view):
    for ask in (view.from_env, view.setenv, view.as_dict, view.using_env("production").__enter__, view.reload):
        with pytest.raises(Exception, match=r"in development, not in production; start it with SYNFINANCE_ENV="):
            ask() if ask.__name__ == "__enter__" else ask("production")
    with pytest.raises(Exception, match=r"'?qa'?, which is not an environment"):
        view.setenv("qa")
    view.setenv("dev")
    view.setenv()


def test_nothing_shows_a_secret(view):
    report = inspect_settings(view, include_internal=True)
    everything = [repr(view), str(view), repr(view.as_dict()), repr(dict(view.items())), repr(report)]
    everything += [repr(view.DATABASE), str(view.SECURITY.API_KEYS), json.dumps(view.as_dict(internal=True))]
    everything += [str(dict(view.loaded_by_loaders)), repr(view.store), json.dumps(view.DATABASE, default=repr)]
    for text in everything:
        assert not [canary for canary in CANARIES if canary in text]
    assert "**********" in repr(view.DATABASE)
    assert [entry["value"] for entry in get_history(view, "database.password")] == ["not set", "**********"]


OUTPUTS = (
    ["list"],
    ["list", "--all", "--json"],
    ["list", "-k", "database"],
    ["list", "-o", "out.json"],
    ["list", "-o", "out.yaml"],
    ["list", "-o", "out.toml"],
    ["list", "-o", "out.py"],
    ["get", "database"],
    ["get", "security.api_keys"],
    ["get", "cache.password", "-u"],
    ["inspect"],
    ["inspect", "-k", "database.password"],
    ["inspect", "-f", "yaml", "--all"],
    ["inspect", "-m", "debug", "-vv"],
)


@pytest.mark.parametrize("arguments", OUTPUTS, ids=" ".join)
def test_no_output_of_dynaconf_shows_a_secret(layered, arguments):
    run = dynaconf(layered, *arguments, VAULT_TOKEN_FOR_DYNACONF="canary-vault", SYNFINANCE_JWT_SECRET="canary-jwt")
    assert (run.returncode, run.stderr) == (0, "")
    files = "".join(path.read_text() for path in layered.root.glob("out.*"))
    assert "**********" in run.stdout + files
    assert "canary" not in run.stdout + files


def test_dynaconfs_commands_answer_truthfully_before_and_after_a_change(layered):
    def answers():
        listed = json.loads(dynaconf(layered, "list", "--json").stdout)["SERVER"]["port"]
        report = json.loads(dynaconf(layered, "inspect", "-k", "server.port").stdout)
        assert report["current"] == listed
        return dynaconf(layered, "get", "server.port").stdout, listed, report["history"][0]["identifier"]

    assert answers() == ("8002", 8002, "settings/development.yaml:2:9")
    layered.layer("development", "debug: true\nserver: {port: 8005}\n")
    assert answers() == ("8005", 8005, "settings/development.yaml:2:16")


def test_dynaconfs_commands_answer_truthfully_before_and_after_a_reload(layered):
    """In one process, which reloads between the commands."""
    code = f"""if True:
        import sys
        from pathlib import Path
        from dynaconf.cli import main
        from synfinance_settings import ConfigManager
        def ask(*words):
            print("#", flush=True)
            main(["-i", {VIEW_PATH!r}, *words], standalone_mode=False)
        ask("get", "server.port"), ask("inspect", "-k", "database.password")
        text = "server:\\n  port: 8003\\ndatabase:\\n  password: canary-new\\n"
        Path("settings/development.yaml").write_text(text)
        ConfigManager().reload_config()
        ask("get", "server.port"), ask("inspect", "-k", "database.password"), ask("list")
    """
    run = layered.python(code)
    assert (run.stderr, run.returncode) == ("", 0)
    _, port, password, new_port, new_password, listed = run.stdout.split("#\n")
    assert (port.strip(), new_port.strip()) == ("8002", "8003")
    assert json.loads(password)["history"][0]["identifier"] == "settings/default.yaml:4:22"
    assert json.loads(new_password)["history"][0]["identifier"] == "settings/development.yaml:4:13"
    assert "8003" in listed
    assert "canary" not in run.stdout


def test_a_question_about_another_environment_is_answered_in_one_line(layered):
    for arguments in (["get", "server.port"], ["list"], ["inspect", "-k", "server.port"]):
        run = dynaconf(layered, *arguments, "-e", "production")
        told = run.stdout + run.stderr
        assert run.returncode == 1
        assert "this process runs in development, not in production; start it with SYNFINANCE_ENV=production" in told
        assert "Traceback" not in told
    assert dynaconf(layered, "get", "server.port", "-e", "development").stdout == "8002"


def test_what_dynaconf_would_hear_elsewhere_changes_nothing(layered):
    for name in ("dynaconf_hooks.py", "settings/dynaconf_hooks.py"):
        layered.write(name, "open('was-run', 'w')\n")
    layered.write("settings.yaml", "default: {server: {port: 1}}\n")
    layered.write(".secrets.yaml", "server: {port: 2}\n")
    hostile = {
        "DYNACONF_SERVER__PORT": "3",
        "SERVER": "4",
        "DYNACONF_SERVER": "@json {}",
        "ENVVAR_PREFIX_FOR_DYNACONF": "SYNFINANCE",
        "MERGE_ENABLED_FOR_DYNACONF": "true",
        "FRESH_VARS_FOR_DYNACONF": "@json ['SERVER']",
        "ENV_FOR_DYNACONF": "production",
        "DOTTED_LOOKUP_FOR_DYNACONF": "false",
        "NESTED_SEPARATOR_FOR_DYNACONF": "___",
        "SYSENV_FALLBACK_FOR_DYNACONF": "true",
        "INCLUDES_FOR_DYNACONF": "@json ['settings.yaml']",
    }
    code = (
        f"{VIEW}print(settings.server.port, settings.get('SERVER__PORT'), settings.current_env, settings.get('HOME'))"
    )
    run = layered.python(code, **hostile)
    assert (run.stdout, run.stderr) == ("8002 8002 development None\n", "")
    assert dynaconf(layered, "get", "server.port", **hostile).stdout == "8002"
    assert not list(layered.root.rglob("was-run"))


def test_an_override_shows(layered):
    code = """if True:
        from synfinance_settings import override
        with override(server__port=9100):
            print(settings.SERVER.PORT, list(settings.loaded_by_loaders)[-1].loader)
        print(settings.SERVER.PORT)
    """
    run = layered.python(f"{VIEW}{code}")
    assert (run.stdout, run.stderr) == ("9100 override\n8002\n", "")


def test_importing_it_and_asking_what_it_is_load_nothing(project):
    project.layer("development", "nonsense: 1\n")
    code = """if True:
        from dynaconf.base import LazySettings, Settings
        assert isinstance(settings, Settings) and isinstance(settings, LazySettings)
        assert not hasattr(settings, "__wrapped__") and "in force" in repr(settings)
        try:
            settings.SERVER
        except Exception as error:
            print(type(error).__name__)
    """
    run = project.python(f"{VIEW}{code}")
    assert (run.stdout, run.stderr) == ("UnknownKeyError\n", "")


def test_importing_the_package_and_reading_a_setting_do_not_import_it(project):
    code = """if True:
        import sys
        import synfinance_settings
        from synfinance_settings import settings
        assert settings.server.port == 8000
        assert "synfinance_settings.dynaconf_view" not in sys.modules
        assert "dynaconf.validator" in sys.modules  # of the engine
    """
    run = project.python(code)
    assert (run.stderr, run.returncode) == ("", 0)


FLASK = """if True:
    from pathlib import Path
    from dynaconf import FlaskDynaconf
    from flask import Flask

    app = Flask("app")
    app.config["OF_THE_APP"] = "own"
    FlaskDynaconf(app, dynaconf_instance=settings)

    @app.get("/")
    def index():
        return {"port": app.config.SERVER.PORT, "own": app.config["OF_THE_APP"]}

    def shown():
        config = app.config
        ways = {config.SERVER.PORT, config["SERVER"]["PORT"], config["server.port"], config.get("server.port")}
        assert "canary" not in repr(config) + str(list(config.items()))
        return *ways, app.test_client().get("/").json

    print(shown())
    Path("settings/development.yaml").write_text("server: {port: 8010}")
    settings.reload()
    print(shown())
    for write in (
        lambda: app.config.__setitem__("SERVER", 1),
        lambda: FlaskDynaconf(app, dynaconf_instance=settings, A=1),
    ):
        try:
            write()
        except TypeError as error:
            print(error)
"""


def test_flask_reads_from_it(layered):
    pytest.importorskip("flask")
    run = layered.python(f"{VIEW}{FLASK}")
    assert (run.stderr, run.returncode) == ("", 0)
    first, second, *refused = run.stdout.splitlines()
    assert first == "(8002, {'own': 'own', 'port': 8002})"
    assert second == "(8010, {'own': 'own', 'port': 8010})"
    assert ["read-only" in line for line in refused] == [True, True]
