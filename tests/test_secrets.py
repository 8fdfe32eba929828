"""A canary planted in every secret setting is heard nowhere, unless somebody asks for it with --reveal."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from pathlib import Path

import pytest

import synfinance_settings
from synfinance_settings import ConfigManager, EnvLoader, SettingsError, override, settings
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings
VARIABLES_OF = SYNFINANCE.variables.names

CANARY = "canary0c8d1f7e5b3a29460c8d1f7e5b3a2946"
PACKAGE = str(Path(synfinance_settings.__file__).parent)
SECRETS = [key for key, setting in SETTINGS.items() if setting.is_secret]
PLANTED = {key: f"https://{CANARY}.example/{CANARY}" if key.endswith("webhook") else CANARY for key in SECRETS}
FORMS = {"validate": ["text", "json", "github"], "show": ["yaml", "json", "env"], "explain": ["text", "json"]}

LAYER = f"""\
database: {{password: {CANARY}}}
cache: {{password: {CANARY}}}
monitoring: {{alert_webhook: "{PLANTED["monitoring.alert_webhook"]}"}}
security: {{api_keys: [{CANARY}, '{CANARY}'], jwt_secret: "{CANARY}"}}
"""


def by_layer(project, faults):
    project.layer("default", LAYER + "".join(f"{key}: {value}\n" for key, value in faults.items()))
    return {}


def by_json_layer(project, faults):
    (project.settings / "default.yaml").unlink()
    planted = {"database": {"password": CANARY}, "cache": {"password": CANARY}}
    planted["security"] = {"api_keys": [CANARY], "jwt_secret": CANARY}
    planted["monitoring"] = {"alert_webhook": PLANTED["monitoring.alert_webhook"]}
    project.layer("default.json", json.dumps({**planted, **faults}))
    return {}


def by_dotenv(project, faults):
    project.layer("default", "".join(f"{key}: {value}\n" for key, value in faults.items()))
    project.write(".env", "".join(f"{VARIABLES_OF[key][-1]}='{value}'\n" for key, value in PLANTED.items()))
    return {}


def by_reference(project, faults):
    project.layer("default", "".join(f"{key}: {value}\n" for key, value in faults.items()))
    project.layer("development", LAYER.replace(f"{{password: {CANARY}}}", "{password: '${COAL_MINE}'}"))
    return {"COAL_MINE": CANARY}


def by_variable(project, faults):
    project.layer("default", "".join(f"{key}: {value}\n" for key, value in faults.items()))
    return {VARIABLES_OF[key][0]: value for key, value in PLANTED.items()}


def by_file(project, faults):
    project.layer("default", "".join(f"{key}: {value}\n" for key, value in faults.items()))
    for key, value in PLANTED.items():
        project.write(f"run/{key}", value + "\n")
    return {f"{VARIABLES_OF[key][0]}_FILE": f"run/{key}" for key in PLANTED}


WAYS = [by_layer, by_json_layer, by_dotenv, by_reference, by_variable, by_file]


@pytest.mark.parametrize("faults", [{}, {"debug": "99", "app_nam": "x"}], ids=["good", "beside faults"])
@pytest.mark.parametrize("plant", WAYS)
def test_no_command_shows_the_canary(project, plant, faults):
    variables = plant(project, faults)
    calls = [[command, "--format", form] for command in ("validate", "show") for form in FORMS[command]]
    calls += [["show", "--origin", "--format", form] for form in FORMS["show"]]
    calls += [["explain", key, "--format", form] for key in SECRETS for form in FORMS["explain"]]
    calls += [["get", key] for key in (*SECRETS, "server.port")]
    calls += [["validate", "--all", "--placeholders"], ["validate", "--strict"], ["schema"], ["env-template"]]
    calls += [["validate", str(path)] for path in project.settings.glob("default.*")]
    calls += [["--debug", "show"]]
    for call in calls:
        result = project.command(*call, **variables)
        assert CANARY not in result.output, call
        assert bool(faults) <= bool(result.exit_code or call[0] in ("schema", "env-template")), call
        if result.exception:
            assert CANARY not in "".join(traceback.format_exception(result.exception)), call


@pytest.mark.parametrize("plant", WAYS)
def test_reveal_shows_the_canary(project, plant):
    variables = plant(project, {})
    assert project.command("show", "--reveal", **variables).output.count(CANARY) >= len(SECRETS)
    for key in SECRETS:
        assert CANARY in project.command("get", key, "--reveal", **variables).stdout


@pytest.mark.parametrize("plant", WAYS)
def test_nothing_that_is_loaded_shows_the_canary(project, plant, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    manager = project.manager(**plant(project, {}))
    config = manager.load_config()
    assert config.database.password.get_secret_value() == CANARY
    shown = [str(config), repr(config), repr(config.model_dump()), config.model_dump_json(), repr(manager.snapshot)]
    shown += [repr(manager.explain(key)) for key in SECRETS]
    shown += [repr(manager.snapshot.layers), repr(vars(manager)), config.database.safe_url, config.cache.safe_url]
    for form in ("yaml", "json"):
        assert sorted(manager.export_config(tmp_path / "exported", form)) == sorted(SECRETS)
        shown.append((tmp_path / "exported").read_text())
    assert not [text for text in shown if CANARY in text]
    assert CANARY not in caplog.text


BAD_LAYERS = {
    "a webhook that is no URL": f"monitoring: {{alert_webhook: {CANARY}}}",
    "a list for a password": f"database: {{password: [{CANARY}]}}",
    "a mapping for a password": f"database: {{password: {{{CANARY}: {CANARY}}}}}",
    "a mapping among the keys": f"security: {{api_keys: [{{{CANARY}: {CANARY}}}]}}",
    "text for a section": f"database: {CANARY}",
    "text for a layer": CANARY,
    "a syntax error beside": f"database:\n  password: {CANARY}\n  port: [1\nserver: {{}}",
    "a quote that is not closed": f'database: {{password: "{CANARY}}}',
    "a brace that is not closed": f"database: {{password: '${{{CANARY}'}}",
    "a bad name": f"database: {{password: '${{1{CANARY}}}'}}",
    "a default that is not closed": f"database: {{password: '${{X:-{CANARY}'}}",
    "a name that is set nowhere": f"database: {{password: '{CANARY}${{MISSING}}'}}",
    "a name that is a part": f"database: {{password: Pa${CANARY}}}",
    "a name that is all": f"database: {{password: ${CANARY}}}",
    "a name in braces": f"database: {{password: '${{{CANARY}}}'}}",
    "a name in braces that is a part": f"database: {{password: 'Pa${{{CANARY}}}'}}",
    "a complaint": f"database: {{password: '${{X:?{CANARY}}}'}}",
    "a complaint of two": f"database: {{password: '${{X:?{CANARY} {CANARY}}}'}}",
    "a name in a default": f"database: {{password: '${{X:-${CANARY}}}'}}",
    "a setting that is none": f"database: {{password: '${{{CANARY}.{CANARY}}}'}}",
    "a setting that is none in a list": f"security: {{api_keys: ['a', '${{server.{CANARY}}}']}}",
    "a setting that is null": f"database: {{password: '{CANARY}${{cache.password:?{CANARY}}}'}}",
    "a circle": f"database: {{password: '{CANARY}${{database.password}}'}}",
    "a reference from a place that is no secret": "app_name: '${database.password}'\ndatabase: {password: $COAL_MINE}",
    "a secret inserted where it does not fit": "monitoring: {alert_webhook: '${database.password}'}\n"
    "database: {password: $COAL_MINE}",
    "a name in a list": f"security: {{api_keys: [a, ${CANARY}]}}",
    "no blank behind the colon": f"database: {{password:{CANARY}}}",
    "no blank behind the colon, but one before": f"database: {{password :{CANARY}}}",
    "no blank behind the colon of a block": f"database:\n  password:{CANARY}:\n",
    "an unknown key that is given twice": f"database: {{{CANARY}: 1, {CANARY}: 2}}",
    "an unknown key that begins like one": f"database: {{pool_size.{CANARY}: 1}}",
    "an unknown key that ends like one": f"{CANARY}.port: 1",
    "an unknown section": f"{CANARY}: {{port: 1}}",
    "an unknown key with a tag": f"{CANARY}: !x 1",
    "a foreign file": f"root:{CANARY}:19000:0:99999:7:::\n{CANARY}:{CANARY}:1::\nx: {CANARY}:\n",
    "a foreign file of keys": "".join(f"{CANARY}{number}: {CANARY}\n" for number in range(30)),
    "a mapping as a key": f"{{{{password: {CANARY}}}: 1, server: {{port: x}}}}",
    "a list as a key": f"{{[{CANARY}]: 1, server: {{port: x}}}}",
    "a written out mapping as a key": f"? {{password: {CANARY}}}\n: 1\nserver: {{port: x}}",
    "a comment behind a bracket": f"server: {{port: x}}#{CANARY}",
    "a comment behind a comma": f"server: {{port: x,#{CANARY}\n  host: a}}",
    "a comment behind the header of a block": f"app_name: |#{CANARY}\n  x\nserver: {{port: x}}",
    "a comment behind the header of a block, apart": f"server:\n  host: | # {CANARY}\n    x\n  port: x",
    "an anchor": f"server: &{CANARY} {{host: &{CANARY}2 a, port: x}}",
    "a tag of a section": f"server: !{CANARY} {{port: x}}",
    "a handle of tags": f"%TAG !{CANARY}! tag:{CANARY},2000:\n---\nserver: {{port: x}}",
    "byte order marks": f"\ufeff\ufeffdatabase: {{password: {CANARY}, port: x}}",
    "an inserted environment": "environment: ${COAL_MINE}",
    "an inserted environment, in part": "environment: production${COAL_MINE}",
    "a tag": f"database: {{password: !{CANARY} x}}",
    "a tag in clear": f"database: {{password: !<tag:{CANARY}> x}}",
    "an alias": f"database: {{password: *{CANARY}}}",
    "a duplicate": f"database: {{password: {CANARY}, password: {CANARY}2}}",
    "a duplicate inside a value": f"database: {{password: {{{CANARY}, {CANARY}}}}}",
    "a duplicate inside a list": f"security: {{api_keys: [{{{CANARY}: 1, {CANARY}: 2}}]}}",
    "a neighbour that is unknown": f"database: {{password: {CANARY}, prot: 1}}",
    "a neighbour out of range": f"database: {{password: {CANARY}, port: 99999}} # {CANARY}",
    "a comment beside a fault": f"server: {{port: 99999}} # was {CANARY}",
    "a value of an unknown key": f"databse: {{password: {CANARY}}}",
    "a block scalar beside a fault": f"database:\n  password: |\n    {CANARY}\n    {CANARY}\n  port: x",
    "an anchor on a public field": f"database: {{password: &p {CANARY}, port: *p}}",
    "bytes that are not UTF-8": f"database: {{password: {CANARY}}}".encode() + b"\xff",
    "a control character": f"database: {{password: {CANARY}}} \x01",
    "too long": f"database: {{password: '{CANARY}{'x' * 100_000}'}}",
    "too deep": f"database: {{password: {'[' * 60}{CANARY}{']' * 60}}}",
    "a broken array": f"security: {{api_keys: '[\"{CANARY}'}}",
    "a null among the keys": f"security: {{api_keys: [{CANARY}, null]}}",
    "the mask among the keys": f"security: {{api_keys: [{CANARY}, '**********']}}",
    "an empty secret beside": f"database: {{password: {CANARY}}}\nsecurity: {{jwt_enabled: true}}",
}
BAD_JSON = {
    "a trailing comma": f'{{"database": {{"password": "{CANARY}", }}}}',
    "a string that is not closed": f'{{"database": {{"password": "{CANARY}}}}}',
    "no quotes": f'{{"database": {{"password": {CANARY}}}}}',
    "a bad escape": f'{{"database": {{"password": "{CANARY}\\q"}}}}',
    "a lone surrogate": f'{{"database": {{"password": "{CANARY}\\ud800"}}}}',
    "a neighbour out of range": f'{{"database": {{"password": "{CANARY}", "port": 0}}}}',
    "a list for a password": f'{{"database": {{"password": ["{CANARY}"]}}}}',
    "a second document": f'{{}} "{CANARY}"',
    "an unknown key that is given twice": f'{{"database": {{"{CANARY}": 1, "{CANARY}": 2}}}}',
    "an unknown key": f'{{"database": {{"password:{CANARY}": null, "port": 0}}}}',
}
BAD_DOTENVS = {
    "a setting that is none": f"SYNFINANCE_DB_PASSWORD={CANARY}${{server.{CANARY}}}\n",
    "a circle of settings": f"SYNFINANCE_DB_PASSWORD={CANARY}${{database.password}}\n",
    "a setting behind a secret above": f"X={CANARY}\nSYNFINANCE_DB_PASSWORD=$X${{cache.password}}\n",
    "a quote that is not closed": f'SYNFINANCE_DB_PASSWORD="{CANARY}\nX=1\n',
    "no assignment": f"PASSWORD {CANARY}\n",
    "a line that lacks its =": f"SYNFINANCE_DB_PASSWORD:{CANARY}==\n",
    "a bad reference": f"SYNFINANCE_DB_PASSWORD={CANARY}${{\n",
    "a name that is set nowhere": f"SYNFINANCE_DB_PASSWORD={CANARY}${{MISSING}}\n",
    "not UTF-8": f"SYNFINANCE_DB_PASSWORD={CANARY}\n".encode() + b"\xff",
    "a webhook that is no URL": f"SYNFINANCE_ALERT_WEBHOOK={CANARY}\n",
    "a run of blanks": f"SYNFINANCE_DB_PASSWORD={CANARY}{' ' * 300}x\n",
    "a broken array": f"SYNFINANCE_API_KEYS='[\"{CANARY}'\n",
    "a name that is a part": f"SYNFINANCE_DB_PASSWORD=Pa${CANARY}\n",
    "a name of another line": f"OTHER=Pa${CANARY}\nSYNFINANCE_DB_PASSWORD=$OTHER\n",
    "a line with such a name": f"{CANARY}=Pa$NO\nSYNFINANCE_DB_PASSWORD=${CANARY}\n",
    "an inserted environment": "SYNFINANCE_ENV=${COAL_MINE}\n",
    "an environment": f"SYNFINANCE_ENV={CANARY}\n",
    "an environment of a layer": "SYNFINANCE_ENVIRONMENT=${COAL_MINE}\n",
    "a path below a field": f"SYNFINANCE_DATABASE__PASSWORD__{CANARY}=x\n",
}
BAD_VARIABLES = {
    "a webhook that is no URL": {"SYNFINANCE_ALERT_WEBHOOK": CANARY},
    "a broken array": {"SYNFINANCE_API_KEYS": f'["{CANARY}'},
    "not UTF-8": {"SYNFINANCE_DB_PASSWORD": f"{CANARY}\udcff"},
    "a path below a field": {"SYNFINANCE_DATABASE__PASSWORD__X": CANARY},
    "a section": {"SYNFINANCE_SECURITY": CANARY},
    "a short jwt secret": {"SYNFINANCE_ENV": "production", "SYNFINANCE_JWT_SECRET": CANARY[:20]},
    "a file that is not there": {"SYNFINANCE_DB_PASSWORD_FILE": "nowhere", "SYNFINANCE_REDIS_PASSWORD": CANARY},
    "a file variable with the secret in it": {"SYNFINANCE_DB_PASSWORD_FILE": CANARY},
    "a file variable with a secret that looks like a path": {"SYNFINANCE_DB_PASSWORD_FILE": f"{CANARY}/{CANARY}"},
    "a file variable with a long secret in it": {"SYNFINANCE_DB_PASSWORD_FILE": CANARY * 100},
    "a name with the secret": {f"SYNFINANCE_DB_PASSWORD:{CANARY}": "", "SYNFINANCE_SERVER__PORT": "x"},
    "a name with the secret below a field": {f"SYNFINANCE_DB_PASSWORD__{CANARY}": "x"},
    "a variable and a file that differ": {
        "SYNFINANCE_DB_PASSWORD": CANARY,
        "SYNFINANCE_DB_PASSWORD_FILE": "settings/default.yaml",
    },
}
MINE = {"COAL_MINE": CANARY}
FAULTS = [
    *(pytest.param("settings/default.yaml", text, MINE, id=f"layer: {name}") for name, text in BAD_LAYERS.items()),
    *(pytest.param("settings/development.json", text, {}, id=f"JSON: {name}") for name, text in BAD_JSON.items()),
    *(pytest.param(".env", text, MINE, id=f".env: {name}") for name, text in BAD_DOTENVS.items()),
    *(pytest.param("note", "", variables, id=f"variable: {name}") for name, variables in BAD_VARIABLES.items()),
]


@pytest.mark.parametrize(("path", "text", "variables"), FAULTS)
def test_no_error_holds_the_canary(project, caplog, path, text, variables):
    """Whatever is wrong, in whatever source: the error, its traceback and the log keep the secret."""
    caplog.set_level(logging.DEBUG)
    if path.endswith(".json"):
        (project.settings / "development.yaml").unlink()
    project.write(path, text)
    for act in (
        lambda: project.manager(**variables).load_config(),
        lambda: project.manager(**variables).snapshot,
        lambda: project.manager(**variables).reload_config(),
    ):
        with pytest.raises(SettingsError) as caught:
            act()
        assert_silent(caught.value)
    assert CANARY[:20] not in caplog.text
    for call in (["validate"], ["show"], ["validate", "--format", "json"], ["validate", "--format", "github"]):
        result = project.command(*call, **variables)
        assert result.exit_code in (1, 2)
        assert CANARY[:20] not in result.output


WARNED = {
    "an unknown name": f"SYNFINANCE_{CANARY}=1\n",
    "a foreign line": f"POSTGRES_PASSWORD=Pa${CANARY}\n",
}


@pytest.mark.parametrize("text", WARNED.values(), ids=WARNED)
def test_no_warning_of_a_line_holds_the_canary(project, caplog, text):
    caplog.set_level(logging.DEBUG)
    project.write(".env", text)
    project.manager().load_config()
    assert CANARY not in caplog.text
    for call in (["validate"], ["validate", "--placeholders"], ["show"], ["show", "--placeholders", "--origin"]):
        assert CANARY not in project.command(*call).output


@pytest.mark.parametrize(
    "layer", [pytest.param(text, id=name) for name, text in BAD_LAYERS.items() if "COAL_MINE" not in str(text)]
)
def test_a_failed_reload_keeps_the_canary(project, layer):
    project.layer("default", f"database: {{password: {CANARY}}}")
    manager = project.manager()
    before = manager.load_config()
    project.layer("default", layer)
    with pytest.raises(SettingsError) as caught:
        manager.reload_config()
    assert manager.get_config() is before
    assert manager.last_failure is caught.value
    assert_silent(caught.value)


def test_no_error_of_the_search_holds_the_canary(project):
    """The environment is decided before anything is loaded, and what is taken for its name may be a secret."""
    project.write(".env", f"SECRET={CANARY}\nSYNFINANCE_ENV=${{SECRET}}\n")
    with pytest.raises(SettingsError) as caught:
        project.manager().validate_config(project.settings / "default.yaml")
    assert_silent(caught.value)


def test_a_secret_that_hides_another_is_no_excerpt(project):
    """`overrides` tells that a lower layer gives a secret too, not which."""
    project.layer("default", f"monitoring: {{alert_webhook: 'https://{CANARY}.example'}}")
    project.layer("development", f"monitoring: {{alert_webhook: {CANARY}}}")
    error = project.error()
    assert "= overrides ********** from settings/default.yaml:1:29" in str(error)
    assert_silent(error)


@pytest.mark.parametrize(
    "ask",
    [
        lambda loader: loader.get_int("SYNFINANCE_DB_PASSWORD"),
        lambda loader: loader.get_float("SYNFINANCE_DB_PASSWORD"),
        lambda loader: loader.get_bool("SYNFINANCE_DB_PASSWORD"),
        lambda loader: loader.get_int("FROM_FILE"),
        lambda loader: loader.get_list("BROKEN_LIST"),
        lambda loader: loader.require("MISSING"),
        lambda loader: loader.get("BROKEN_LINE"),
        lambda loader: loader.get_all(),
        lambda loader: loader.substitute_in_config({"a": "${SYNFINANCE_DB_PASSWORD}", "b": [f"{CANARY}${{"]}),
        lambda loader: loader.substitute_in_config({"a": f"{CANARY}$MISSING", "b": "$BROKEN_LINE"}),
        lambda loader: loader.validate_required(["MISSING", "SYNFINANCE_DB_PASSWORD"]),
    ],
)
def test_no_error_of_a_loader_holds_the_canary(project, ask):
    path = project.write(".env", f"FROM_FILE={CANARY}\nBROKEN_LIST='[\"{CANARY}'\nBROKEN_LINE={CANARY}${{\n")
    loader = EnvLoader(path, {"SYNFINANCE_DB_PASSWORD": CANARY})
    assert CANARY not in repr(loader)
    with pytest.raises(SettingsError) as caught:
        ask(loader)
    assert_silent(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"monitoring__alert_webhook": CANARY},
        {"database__password": [CANARY]},
        {"security__api_keys": {CANARY: CANARY}},
        {"security__jwt_secret": CANARY, "server__port": 1},
    ],
)
def test_no_error_of_an_override_holds_the_canary(values):
    with pytest.raises(SettingsError) as caught, override(**values):
        pass
    assert_silent(caught.value)
    assert CANARY not in repr(ConfigManager().last_failure)


def test_overridden_settings_do_not_show_the_canary():
    with override(database__password=CANARY):
        assert settings.database.password.get_secret_value() == CANARY
        assert CANARY not in f"{settings} {settings!r} {settings.model_dump()} {settings.snapshot()}"


def assert_silent(error: SettingsError) -> None:
    """Nothing that can be had from `error` holds the canary, or half of it."""
    shown = {
        "text": str(error),
        "repr": repr(error),
        "args": repr(error.args),
        "errors()": repr(error.errors()),
        "JSON": json.dumps(error.errors()),
        "vars": repr(vars(error)),
        "traceback": "".join(traceback.format_exception(error)),
        "pickle": pickle.dumps(error).decode("latin-1"),
    }
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    seen: BaseException | None = error
    while seen is not None:
        for frame, line in traceback.walk_tb(seen.__traceback__):
            if frame.f_code.co_filename.startswith(PACKAGE):
                for name, value in frame.f_locals.items():
                    shown[f"{frame.f_code.co_filename}:{line} {name}"] = repr(value)
        for other in (seen.__cause__, seen.__context__):
            shown[f"behind {seen!r:.40}"] = repr(other)
        seen = seen.__cause__ or seen.__context__
    assert not [where for where, text in shown.items() if CANARY[:20] in text]
