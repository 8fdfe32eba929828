"""export and import, and a .env that is written: what is written reads back."""

from __future__ import annotations

import json
import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synfinance_settings import ConfigManager, SettingsError
from synfinance_settings.layers.dotenv_form import dotenv_text
from synfinance_settings.layers.output import plain
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings
values_of = SYNFINANCE.catalogue.values_of
VARIABLES_OF = SYNFINANCE.variables.names

CANARY = "canary9f3e6a1d7c2b5048"
SECRETS = [key for key, setting in SETTINGS.items() if setting.is_secret]
AWKWARD = ["010", "null", "~", "a: b #c", "$x", "${", "$$", "it's", '"', "a\nb", " a ", "- a", "[a", "🎉", "1e3", "no"]
NEEDS_OTHERS = ["security.jwt_enabled", "security.api_key_enabled", "security.ssl_enabled"]


def values_for(setting):
    """Texts that fit a setting."""
    if setting.key in ("environment", *NEEDS_OTHERS):
        return st.just("development" if setting.key == "environment" else "off")
    if setting.key == "monitoring.alert_webhook":
        return st.from_regex(r"https://[a-z]{1,5}\.example/[!-~]{0,9}", fullmatch=True)
    if setting.choices:
        return st.sampled_from(setting.choices)
    if setting.form == "whole number":
        least = int(-9 if setting.at_least is None else setting.at_least)
        return st.integers(least, int(setting.at_most or least + 10**6)).map(str)
    if setting.form == "number":
        return st.floats(0, 0.5).map(str)
    if setting.form == "boolean":
        return st.sampled_from(["true", "off", "YES"])
    if setting.form == "date":
        around = date(2024, 6, 30)
        return st.integers(1, 180).map(lambda n: str(around + timedelta(n if setting.key.endswith("end_date") else -n)))
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
    texts |= st.sampled_from(
        ["010", "null", "~", "a: b #c", "$x", "${", "$$", "it's", '"', "a\nb", " a ", "- a", "[a", "🎉", "1e3", "no"]
    )
    return st.lists(texts.filter(str.strip), max_size=3) if setting.form.endswith("list") else texts


@st.composite
def layers(draw):
    """Some settings, with values as they are in force."""
    keys = draw(st.lists(st.sampled_from(list(SETTINGS)), unique=True, max_size=12))
    return {key: draw(values_for(SETTINGS[key])) for key in keys}


def as_yaml(values) -> str:
    """A layer, written by another hand than the package's; dollars doubled."""
    tree: dict = {}
    for key, value in values.items():
        *path, name = key.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[name] = (
            [item.replace("$", "$$") for item in value] if isinstance(value, list) else value.replace("$", "$$")
        )
    return yaml.safe_dump(tree, allow_unicode=True)


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Path:
    """A project's root that the examples of one test fill anew."""
    root = tmp_path_factory.mktemp("room")
    (root / "settings").mkdir()
    return root


def manager(room: Path, default: str, development: str = "{}") -> ConfigManager:
    (room / "settings/default.yaml").write_text(default, encoding="utf-8")
    (room / "settings/development.yaml").write_text(development, encoding="utf-8")
    return ConfigManager(settings_dir=room / "settings", environ={})


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("reveal", [False, True], ids=["without secrets", "revealed"])
@given(default=layers(), development=layers())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_exported_imports_as_the_same_settings(room, form, reveal, default, development):
    before = manager(room, as_yaml(default), as_yaml(development))
    wanted = before.load_config()
    left_out = before.export_config(room / f"out.{form}", format=form, reveal_secrets=reveal)
    assert list(left_out) == ([] if reveal else SECRETS)
    after = manager(room, "debug: on\nserver: {port: 8001}\n")
    after.load_config()
    found = after.import_config(room / f"out.{form}")
    kept = [key for key in SETTINGS if reveal or key not in SECRETS]
    assert {key: values_of(found)[key] for key in kept} == {key: values_of(wanted)[key] for key in kept}


@pytest.mark.parametrize("extent", [[], ["--all"]], ids=["what differs", "all"])
@pytest.mark.parametrize("reveal", [False, True], ids=["without secrets", "revealed"])
@given(default=layers(), development=layers())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_dotenv_that_is_shown_gives_the_same_settings(room, extent, reveal, default, development):
    """In a project with nothing else, and in the same one."""
    (room / ".env").unlink(missing_ok=True)
    before = manager(room, as_yaml(default), as_yaml(development)).snapshot
    text = dotenv_text(SYNFINANCE, before, reveal=reveal, all_values=bool(extent))
    wanted = {key: value for key, value in values_of(before.config).items() if reveal or key not in SECRETS}
    for layers_of_a_project in ((as_yaml(default), as_yaml(development)), ("{}", "{}")):
        (room / ".env").write_text(text, encoding="utf-8", newline="")
        after = values_of(manager(room, *layers_of_a_project).load_config())
        unsaid = {key for key in wanted if f"# {VARIABLES_OF[key][0]}=    # it does not fit on one line" in text}
        assert {key for key in wanted if after[key] != wanted[key]} <= unsaid
        assert all(plain(wanted[key], "reveal") == "" and SETTINGS[key].nullable for key in unsaid)
    (room / ".env").unlink()


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_round_trip_by_the_commands(desk, project, form):
    project.layer("default", "app_name: 'a $$ b'\nserver: {port: 8001, cors_origins: ['a,b', c]}\n")
    project.layer("development", f"database: {{password: {CANARY}}}\nserver: {{workers: 3}}\n")
    path = desk.root / f"out.{form}"
    desk.done("export", str(path), "--format", form, "--reveal")
    before = desk.done("show", "--reveal").stdout
    project.layer("default", "debug: on\n")
    project.layer("development", "{}\n")
    result = desk.done("import", str(path), "--full", "--allow-secret", "--yes")
    assert CANARY not in result.output
    assert desk.done("show", "--reveal").stdout == before


def test_an_export_leaves_secrets_out_and_names_them(desk, project):
    project.layer("development", f"database: {{password: {CANARY}}}\n")
    for form in ("yaml", "json"):
        path = desk.root / f"out.{form}"
        result = desk.done("export", str(path), "--format", form)
        assert CANARY not in path.read_text() + result.output
        assert result.stdout == ""
        named = path.read_text().splitlines()[0] if form == "yaml" else result.stderr
        assert all(key in named for key in SECRETS)
    assert (desk.root / "out.yaml").read_text().startswith("# Secrets left out: ")
    assert f"wrote {path}\n" in result.stderr
    assert all(
        "password" not in section for section in json.loads(path.read_text()).values() if isinstance(section, dict)
    )


@pytest.mark.parametrize("there", [False, True], ids=["new", "in place of another"])
def test_an_export_that_reveals_is_for_its_owner_only(desk, project, there):
    project.layer("development", f"database: {{password: {CANARY}}}\n")
    path = desk.root / "out.yaml"
    if there:
        path.write_text("")
        path.chmod(0o644)
    desk.done("export", str(path), "--reveal", "--yes")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"password: {CANARY}" in path.read_text()


def test_an_export_does_not_overwrite_unasked(desk, nothing_written):
    path = desk.root / "out.yaml"
    path.write_text("mine\n")
    nothing_written()
    result = desk.run("export", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--yes" in result.stderr


def test_an_import_writes_what_differs_from_the_default_layer(desk, project):
    project.layer("default", "server: {port: 8001, workers: 2}\napp_name: a\n")
    path = project.write(
        "in.yaml", "server: {port: 8001, workers: 3}\napp_name: a\ncache: {db: 0, ttl: 60}\ndebug: ${DEBUG:-off}\n"
    )
    result = desk.done("import", str(path), "--yes")
    assert result.stdout.startswith("--- settings/development.yaml\n")
    assert yaml.safe_load(desk.text("development")) == {
        "server": {"workers": 3},
        "cache": {"ttl": 60},
        "debug": "${DEBUG:-off}",
    }
    desk.done("import", str(path), "--full", "--yes")
    assert yaml.safe_load(desk.text("development"))["server"] == {"port": 8001, "workers": 3}


def test_an_import_into_the_default_layer_is_whole(shipped_desk):
    path = shipped_desk.root / "in.yaml"
    shipped_desk.done("set", "environment", "development")
    path.write_text("server: {workers: 4, port: 8100}\n")
    shipped_desk.done("import", str(path), "--env", "default", "--yes")
    written = yaml.safe_load(shipped_desk.text("default"))
    assert written.pop("server") == {"workers": 4, "port": 8100}
    assert {key for section in written.values() for key in section} <= {
        "password",
        "alert_webhook",
        "api_keys",
        "jwt_secret",
    }


def test_what_an_import_replaces_is_in_the_history(desk, project):
    before = "# ours\nserver: {port: 8001}\n"
    project.layer("development", before)
    project.write("in.yaml", "server: {port: 8002}\n")
    desk.done("import", str(desk.root / "in.yaml"), "--yes")
    newest, found = json.loads(desk.done("history", "--format", "json").stdout)
    assert (newest["command"], newest["changed"]) == ("import in.yaml", ["server.port"])
    desk.done("rollback", str(found["version"]), "--yes")
    assert desk.text("development") == before


@pytest.mark.parametrize("answer", [[], ["--dry-run"]], ids=["without a terminal", "--dry-run"])
def test_an_import_asks_and_writes_nothing_else(desk, project, nothing_written, answer):
    path = project.write("in.yaml", "server: {port: 8002}\n")
    nothing_written()
    result = desk.run("import", str(path), *answer)
    assert result.exit_code == (0 if answer else 2)
    assert "+  port: 8002" in result.stdout
    assert ("--yes" in result.stderr) is not bool(answer)


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)], ids=["yes", "no", "nothing"])
def test_a_person_is_asked(desk, project, answer, code):
    path = project.write("in.yaml", "server: {port: 8002}\n")
    found, said = desk.asked(answer, "import", str(path))
    assert found == code
    assert "settings/development.yaml: Replace it? [y/N]: " in said
    assert ("port: 8002" in desk.text("development")) is (code == 0)
    found, said = desk.asked(answer, "export", str(path))
    assert found == code
    assert "exists. Overwrite it? [y/N]: " in said
    assert ("app_name" in path.read_text()) is (code == 0)


@pytest.mark.parametrize("allowed", [False, True])
def test_an_import_writes_secrets_only_when_allowed(desk, project, allowed):
    path = project.write("in.yaml", f"database: {{password: {CANARY}, user: a}}\nsecurity: {{jwt_secret: '${{A}}'}}\n")
    result = desk.run("import", str(path), "--yes", *(["--allow-secret"] if allowed else []))
    assert result.exit_code == (0 if allowed else 2)
    assert CANARY not in result.output
    assert (CANARY in desk.text("development")) is allowed
    if not allowed:
        assert "database.password is a secret and does not belong in a file" in result.stderr


def test_a_layer_for_another_environment_is_refused(desk, project, nothing_written):
    path = project.write("in.yaml", "environment: production\ndebug: on\n")
    nothing_written()
    result = desk.run("import", str(path), "--yes")
    assert result.exit_code == 1
    assert "error[other-environment]" in result.stderr


def test_an_export_imports_into_its_own_environment_alone(shipped_desk):
    path = shipped_desk.root / "out.yaml"
    shipped_desk.done("export", str(path), "--env", "test")
    assert shipped_desk.run("import", str(path), "--env", "development", "--yes").exit_code == 1
    assert shipped_desk.done("import", str(path), "--env", "test", "--yes").exit_code == 0
    assert shipped_desk.done("validate", "--env", "test").exit_code == 0
    assert yaml.safe_load(shipped_desk.text("test"))["environment"] == "test"


def test_an_import_by_the_manager_reloads(project):
    project.layer("default", "server: {port: 8001}\n")
    manager = project.manager()
    assert manager.get_config().server.port == 8001
    path = project.write("in.json", '{"server": {"port": 8002}}')
    assert manager.import_config(path).server.port == 8002
    assert manager.get_config().server.port == 8002


def test_a_bad_import_by_the_manager_changes_nothing(project):
    manager = project.manager()
    before = manager.get_config()
    path = project.write("in.yaml", "server: {port: 80}\n")
    with pytest.raises(SettingsError):
        manager.import_config(path)
    assert manager.get_config() is before
    assert (project.settings / "development.yaml").read_text() == "{}\n"


def test_an_import_for_another_environment_by_the_manager_does_not_reload(project):
    manager = project.manager()
    before = manager.get_config()
    manager.import_config(project.write("in.yaml", "server: {port: 8002}\n"), environment="test")
    assert manager.get_config() is before
    assert "port: 8002" in (project.settings / "test.yaml").read_text()


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_an_export_without_secrets_keeps_what_the_layer_says_of_them(shipped_desk, form):
    """An export leaves the references out too; the layer that it replaces knows them."""
    secrets = {
        "SYNFINANCE_DB_PASSWORD": f"{CANARY}-database",
        "SYNFINANCE_REDIS_PASSWORD": f"{CANARY}-cache",
        "SYNFINANCE_ALERT_WEBHOOK": f"https://{CANARY}.example/",
        "SYNFINANCE_API_KEYS": f"{CANARY}-one-of-many-keys",
        "SYNFINANCE_JWT_SECRET": f"{CANARY}-for-all-the-tokens",
    }
    path = shipped_desk.root / f"out.{form}"
    shown = shipped_desk.done("show", "--env", "production", "--reveal", **secrets).stdout
    shipped_desk.done("export", str(path), "--env", "production", "--format", form, **secrets)
    assert CANARY not in path.read_text()
    result = shipped_desk.done("import", str(path), "--env", "production", "--yes")
    assert CANARY not in result.output
    layer = yaml.safe_load(shipped_desk.text("production"))
    assert layer["database"]["password"] == "${SYNFINANCE_DB_PASSWORD}"
    assert layer["security"]["jwt_secret"] == "${SYNFINANCE_JWT_SECRET}"
    assert shipped_desk.done("show", "--env", "production", "--reveal", **secrets).stdout == shown


def test_an_export_reveals_no_placeholders(desk, nothing_written):
    nothing_written()
    result = desk.run("export", str(desk.root / "out.yaml"), "--reveal", "--placeholders")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--reveal cannot be combined with --placeholders" in result.stderr


@pytest.mark.parametrize("name", ["development.yaml", "development.json"])
def test_an_import_of_what_the_default_layer_says_is_taken_by_a_running_service(desk, project, name):
    (project.settings / "development.yaml").unlink()
    project.layer("default", "server: {port: 8001}\n")
    project.write(f"settings/{name}", '{"server": {"port": 8002}}\n')
    service = project.manager()
    assert service.get_config().server.port == 8002
    desk.done("import", str(project.write("in.yaml", "server: {port: 8001}\n")), "--yes")
    assert service.reload_config().server.port == 8001


@pytest.mark.parametrize(
    ("variables", "local", "said"),
    [
        ({}, "", "A is not set anywhere"),
        ({"A": "x"}, "generation: {start_date: 2024-06-01}\n", "generation.start_date"),
    ],
    ids=["a reference", "a local layer"],
)
def test_an_import_that_the_manager_could_not_reload_replaces_nothing(project, variables, local, said):
    project.layer("development", "debug: on\n")
    project.layer("development.local", local)
    manager = project.manager(**variables)
    before = manager.get_config()
    path = project.write("in.yaml", "app_name: ${A}\ngeneration: {end_date: 2024-03-01}\n")
    with pytest.raises(SettingsError, match=said):
        manager.import_config(path)
    assert manager.get_config() is before
    assert (project.settings / "development.yaml").read_text() == "debug: on\n"


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("reveal", [False, True], ids=["without secrets", "revealed"])
@given(default=layers(), development=layers())
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_import_of_what_is_in_force_changes_nothing(room, form, reveal, default, development):
    here = manager(room, as_yaml(default), f"# ours\n{as_yaml(development)}")
    wanted = here.load_config()
    here.export_config(room / f"out.{form}", format=form, reveal_secrets=reveal)
    before = (room / "settings/development.yaml").read_bytes()
    assert here.import_config(room / f"out.{form}") == wanted
    assert (room / "settings/development.yaml").read_bytes() == before


def below(tree, prefix="") -> dict:
    """The settings of a parsed layer, by key."""
    found = {}
    for name, value in tree.items():
        found |= below(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


@pytest.mark.parametrize("environment", ["development", "staging", "production", "test"])
def test_an_import_writes_nothing_that_the_layer_inherits(shipped_desk, environment):
    """The default layer alone validates in no strict environment, and need not."""
    path = shipped_desk.root / "out.yaml"
    shipped_desk.done("export", str(path), "--env", environment, "--placeholders")
    result = shipped_desk.done("import", str(path), "--env", environment, "--yes")
    assert f"settings/{environment}.yaml already says that" in result.stderr
    said, default = (below(yaml.safe_load(shipped_desk.text(name))) for name in (environment, "default"))
    secrets = {key: said[key] for key in SECRETS if key in said}
    (shipped_desk.settings / f"{environment}.yaml").write_text(as_yaml(secrets).replace("$$", "$"))
    shipped_desk.done("import", str(path), "--env", environment, "--yes")
    written = below(yaml.safe_load(shipped_desk.text(environment)))
    expected = {key for key, value in said.items() if default.get(key, "") != value} - {"environment"}
    assert set(written) == expected | set(secrets)
    again = shipped_desk.root / "again.yaml"
    shipped_desk.done("export", str(again), "--env", environment, "--placeholders")
    assert again.read_text() == path.read_text()


def test_a_default_layer_that_needs_others_is_compared_all_the_same(desk, project):
    project.layer("default", "security: {jwt_enabled: on, ssl_enabled: on}\nserver: {port: 8001}\n")
    project.layer("staging", "security: {jwt_secret: '${JWT}', ssl_cert_path: a, ssl_key_path: b}\n")
    path = project.write(
        "in.yaml", "security: {jwt_enabled: yes, ssl_cert_path: a, ssl_key_path: c}\nserver: {port: 8001}\n"
    )
    desk.done("import", str(path), "--env", "staging", "--yes")
    assert desk.text("staging") == "security: {jwt_secret: '${JWT}', ssl_cert_path: a, ssl_key_path: c}\n"


def test_an_import_keeps_what_the_layer_says_in_its_own_words(desk, project):
    project.layer(
        "development",
        "# ours\nserver:\n  port: ${PORT:-8001}  # of the proxy\n  workers: 2\n\nml: {batch_size: 07}\ndebug: yes\n",
    )
    path = project.write("in.yaml", "server: {port: 8001, workers: 3}\nml: {batch_size: 7}\n")
    desk.done("import", str(path), "--yes")
    assert desk.text("development") == (
        "# ours\nserver:\n  port: ${PORT:-8001}  # of the proxy\n  workers: 3\n\nml: {batch_size: 07}\n"
    )
    desk.done("import", str(path), "--yes", PORT="8002")
    assert "  port: 8001  # of the proxy\n" in desk.text("development")


@pytest.mark.parametrize(
    "layer",
    [
        "a: [\n",
        "server: {prot: 1}\n",
        "server: {port: 1}\nserver: {port: 2}\n",
        "a: &b {c: d}\n",
        b"\xff",
        "",
        "# ours\n",
    ],
    ids=repr,
)
def test_an_import_takes_the_place_of_a_layer_that_is_broken_or_empty(desk, project, layer):
    project.layer("development", layer)
    desk.done("import", str(project.write("in.yaml", "server: {port: 8002}\n")), "--yes")
    assert yaml.safe_load(desk.text("development")) == {"server": {"port": 8002}}


def test_an_import_tells_all_faults_at_their_places_in_the_file(desk, project, nothing_written):
    path = project.write(
        "in.yaml",
        f"server:\n  prot: 1\n  port: 80\napp_name: ${{NO\nenvironment: staging\ndatabase:\n  password: {CANARY}\n"
        "generation:\n  start_date: 2024-06-01\n  end_date: 2024-05-01\nserver:\n  workers: 1\n",
    )
    nothing_written()
    result = desk.run("import", str(path), "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert CANARY not in result.stderr
    places = sorted(line.split()[1] for line in result.stderr.splitlines() if line.startswith("  --> "))
    assert places == [
        "in.yaml:10:13",
        "in.yaml:11:1",
        "in.yaml:2:3",
        "in.yaml:3:9",
        "in.yaml:4:11",
        "in.yaml:5:14",
        "in.yaml:7:13",
    ]


def test_an_import_into_the_default_layer_tells_faults_at_their_places_in_the_file(desk, project, nothing_written):
    project.layer("development", "server: {port: 8001}\n")
    path = project.write("in.json", '{"server": {"port": 80, "workers": 0}}')
    nothing_written()
    result = desk.run("import", str(path), "--env", "default", "--yes")
    assert [line for line in result.stderr.splitlines() if line.startswith("  --> ")] == [
        "  --> in.json:1:36",
        "  --> in.json:1:21",
    ]


def test_a_contradiction_with_a_secret_that_stays_is_told_where_it_stands(desk, project, nothing_written):
    project.layer("development", "monitoring:\n  alert_webhook: nowhere\n")
    path = project.write("in.yaml", "debug: on\n")
    nothing_written()
    result = desk.run("import", str(path), "--yes")
    assert "  --> settings/development.yaml:2:18" in result.stderr


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\r\n \n"], ids=repr)
def test_an_empty_file_takes_nothing_out_of_a_layer(desk, project, nothing_written, data):
    """An export that was cut off is not meant as a layer without settings."""
    path = project.write("in.yaml", data)
    project.layer("development", "server: {port: 8001}\n")
    nothing_written()
    result = desk.run("import", str(path), "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error[refused-edit]: in.yaml is empty" in result.stderr
