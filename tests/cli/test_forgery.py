"""Whatever others name their keys, files, variables and hosts: no output holds a line or an escape of theirs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from patience import PATIENCE

from synfinance_settings.foreign import is_printable
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

FORGED = "ok    database  all is well"
ODD = f"odd\n{FORGED}\n\r{FORGED}\x1b[2K\x9b31m\x85{FORGED}\u2028{FORGED}\u202e\u200b\ufeff\ue000"
IN_YAML = json.dumps(ODD)
TEXTS = ("app_name", "server.host", "database.host", "database.name", "cache.host", "ml.model_path")

CALLS = (
    ["validate"],
    ["validate", "--format", "json"],
    ["validate", "--format", "github"],
    ["validate", "--all", "--placeholders"],
    ["validate", "settings/default.yaml"],
    ["show", "--format", "json"],
    ["show", "--format", "json", "--origin"],
    ["show", "--origin"],
    ["get", "server.port"],
    ["explain", "app_name"],
    ["explain", "app_name", "--format", "json"],
    ["diff", "development", "test", "--all-keys"],
    ["diff", "development", "test", "--all-keys", "--origin", "--format", "json"],
    ["diff", "--matrix", "--origin"],
    ["history"],
    ["history", "--format", "json"],
    ["doctor", "--timeout", "0.5"],
    ["doctor", "--timeout", "0.5", "--format", "json"],
    ["set", "debug", "true"],
    ["unset", "debug"],
    ["import", "other.yaml", "--yes"],
    ["rollback", "--yes"],
    ["export", "exported.json", "--yes"],
    ["schema", "--check"],
)


def a_key(project):
    project.layer("development", f"{IN_YAML}: 1\nserver: {{{IN_YAML}: 1}}\n")
    return {}


def values(project):
    project.layer("development", "".join(f"{key}: {IN_YAML}\n" for key in TEXTS if "." not in key))
    return {f"SYNFINANCE_{key.upper().replace('.', '__')}": ODD for key in TEXTS if "." in key}


def paths_of_tls(project):
    project.layer(
        "development", f"security: {{ssl_enabled: true, ssl_cert_path: {IN_YAML}, ssl_key_path: {IN_YAML}}}\n"
    )
    return {}


def a_variable(project):
    return {f"SYNFINANCE_{ODD}": "1", f"SYNFINANCE_SERVER__{ODD}": "1"}


def a_secret_file(project):
    return {"SYNFINANCE_DATABASE__PASSWORD_FILE": ODD}


def a_reference(project):
    project.layer("development", f"app_name: {json.dumps('${NOWHERE:?' + ODD + '}')}\n")
    return {}


def a_name_in_a_reference(project):
    project.layer(
        "development", f"app_name: {json.dumps('${' + ODD + '}')}\ndatabase: {{password: {json.dumps('$' + ODD)}}}\n"
    )
    return {}


def an_environment(project):
    return {"SYNFINANCE_ENVIRONMENT": ODD}


def a_dotenv(project):
    project.write(ODD, f"SYNFINANCE_{ODD.replace(chr(10), '')}=1\n'SYNFINANCE_{ODD}'=2\n\x1b[2K\n").chmod(0o666)
    return {"SYNFINANCE_ENV_FILE": ODD}


def a_dotenv_that_is_missing(project):
    return {"SYNFINANCE_ENV_FILE": ODD}


def a_settings_folder(project):
    (project.root / "other").mkdir()
    moved = project.settings.rename(project.root / "other" / ODD)
    for path in moved.iterdir():
        path.chmod(0o666)
    return {"SYNFINANCE_SETTINGS_DIR": str(moved)}


def a_settings_folder_that_is_missing(project):
    return {"SYNFINANCE_SETTINGS_DIR": str(project.root / ODD)}


def a_state_folder(project):
    project.write(f"state/{ODD}", "no folder")
    return {"SYNFINANCE_STATE_DIR": str(project.root / "state" / ODD)}


def a_state_folder_of_others(project):
    (project.root / ODD).mkdir(mode=0o777)
    (project.root / ODD).chmod(0o777)
    return {"SYNFINANCE_STATE_DIR": str(project.root / ODD)}


def two_files_of_a_layer(project):
    project.layer("development.json", json.dumps({ODD: {ODD: ODD}}))
    return {}


def a_stray_file(project):
    project.layer(f"development{ODD}", "{}\n")
    return {}


PLACES = (
    a_key,
    values,
    paths_of_tls,
    a_variable,
    a_secret_file,
    a_reference,
    a_name_in_a_reference,
    an_environment,
    a_dotenv,
    a_dotenv_that_is_missing,
    a_settings_folder,
    a_settings_folder_that_is_missing,
    a_state_folder,
    a_state_folder_of_others,
    two_files_of_a_layer,
    a_stray_file,
)


def check(output):
    """No line is forged, and none holds what is not seen."""
    assert "Traceback" not in output
    for line in output.split("\n"):
        assert not line.startswith(FORGED)
        assert is_printable(line), ascii(line)


@pytest.mark.parametrize("place", PLACES)
def test_no_output_of_a_command_is_forged(desk, project, place, monkeypatch):
    monkeypatch.chdir(project.root)
    project.write("other.yaml", "server: {port: 9000}\n")
    project.layer("test", "{}\n")
    desk.done("set", "debug", "true")
    variables = place(project)
    for call in CALLS:
        result = desk.run(*call, **variables)
        assert not result.exception or isinstance(result.exception, SystemExit), call
        check(result.output)


ARGUMENTS = (
    ["get", ODD],
    ["get", f"server.{ODD}"],
    ["explain", ODD],
    ["set", ODD, ODD],
    ["set", "server.port", ODD],
    ["set", "app_name", ODD, "--dry-run"],
    ["unset", ODD],
    ["validate", ODD],
    ["validate", f"--{ODD}"],
    [ODD],
    ["validate", "--env", ODD],
    ["set", "debug", "true", "--env", ODD],
    ["show", "--section", ODD],
    ["show", "--format", ODD],
    ["diff", ODD, ODD],
    ["diff", "development", ODD],
    ["rollback", ODD],
    ["rollback", "77"],
    ["import", ODD],
    ["import", "settings"],
    ["export", f"no/{ODD}"],
    ["schema", "--output", f"{ODD}.env"],
    ["export", f"settings/{ODD}/../development.yaml"],
    ["schema", "--output", f"no/{ODD}"],
    ["schema", "--output", f"no/{ODD}", "--check"],
    ["doctor", "--timeout", ODD],
    ["watch", "--interval", ODD],
    ["--color", ODD, "show"],
)


@pytest.mark.parametrize("call", ARGUMENTS, ids=lambda call: call[0] if call[0] != ODD else "no command")
def test_no_message_about_an_argument_is_forged(desk, project, call, monkeypatch):
    monkeypatch.chdir(project.root)
    result = desk.run(*call)
    assert result.exit_code == (0 if "--dry-run" in call else 1 if result.exit_code == 1 else 2)
    check(result.output)


@pytest.mark.parametrize(
    "call",
    [
        ["validate", ODD + ".yaml"],
        ["validate", ODD + ".yaml", "--format", "json"],
        ["import", ODD + ".yaml", "--yes"],
        ["diff", "development", ODD + ".yaml"],
        ["diff", "development", ODD + ".yaml", "--format", "json"],
        ["export", ODD + ".yaml"],
        ["export", ODD + ".yaml", "--yes"],
        ["schema", "--check", "--output", ODD + ".yaml"],
        ["env-template", "--output", ODD],
    ],
    ids=lambda call: " ".join(call[:1] + [word for word in call if word.startswith("--")]),
)
def test_no_message_about_a_file_is_forged(desk, project, call, monkeypatch):
    monkeypatch.chdir(project.root)
    project.write(
        ODD + ".yaml", f"server: {{port: 9000, {IN_YAML}: 1}}\n" if call[0] == "validate" else "debug: true\n"
    )
    result = desk.run(*call)
    assert isinstance(result.exception, SystemExit | None)
    assert result.output
    check(result.output)


def test_no_line_of_the_history_is_forged(desk, project, monkeypatch):
    monkeypatch.chdir(project.root)
    project.write(ODD + ".yaml", "debug: true\n")
    desk.done("import", ODD + ".yaml", "--yes")
    desk.done("set", "debug", "false")
    for call in (["history"], ["history", "--format", "json"], ["rollback", "--yes"]):
        check(desk.done(*call).output)


def at_terminal(desk, *arguments: str, **variables: str) -> str:
    """What a person sees of a command, in a terminal without colours."""
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "synfinance_settings", *arguments],
        cwd=desk.root,
        env={"PATH": os.environ["PATH"], "HOME": str(desk.root), "LANG": "C.UTF-8", "NO_COLOR": "1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    while chunk := read_from(screen):
        seen += chunk
    os.close(screen)
    assert process.wait(PATIENCE) == 0, seen
    return seen.decode().replace("\r\n", "\n")


def read_from(screen: int) -> bytes:
    try:
        return os.read(screen, 65536)
    except OSError:  # the program ended
        return b""


DATA = (
    ["get", "app_name"],
    ["get", "server.cors_origins"],
    ["show"],
    ["show", "--format", "json"],
    ["show", "--format", "env"],
    ["show", "--origin"],
    ["export", "-"],
    ["diff", "development", "test", "--format", "yaml"],
    ["explain", "app_name"],
    ["set", "server.host", "x", "--dry-run"],
)


@pytest.mark.parametrize("call", DATA, ids=" ".join)
def test_data_at_a_terminal_is_escaped(desk, project, call):
    project.layer("development", f"app_name: {IN_YAML}\nserver: {{cors_origins: [{IN_YAML}]}} # {ODD[-3:]}\n")
    project.layer("test", "{}\n")
    seen = at_terminal(desk, *call)
    assert FORGED in seen or call[0] == "set"
    check(seen)


@pytest.mark.parametrize("text", [ODD, "two\nlines", "\x1b", "\u200d"], ids=ascii)
def test_data_in_a_pipe_is_exact(desk, project, text):
    project.layer("development", f"app_name: {json.dumps(text)}\n")
    result = subprocess.run(
        [sys.executable, "-m", "synfinance_settings", "get", "app_name"],
        cwd=desk.root,
        env={"PATH": os.environ["PATH"], "HOME": str(desk.root), "LANG": "C.UTF-8"},
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert result.stdout == f"{text}\n".encode()
    assert json.loads(desk.done("show", "--format", "json").stdout)["app_name"] == text


@pytest.mark.parametrize("form", ["env", "yaml", "json"])
def test_data_that_is_read_back_is_exact(desk, project, form, tmp_path_factory):
    text = ODD.replace("\r", "").replace("\x1b", "") if form == "env" else ODD
    project.layer("development", f"app_name: {json.dumps(text)}\n")
    other = type(project)(tmp_path_factory.mktemp("other"))
    other.layer("default", "{}\n")
    shown = desk.done("show", "--format", form).stdout
    other.write({"env": ".env"}.get(form, f"settings/development.{form}"), shown.replace("**********", "x" * 40))
    assert other.load().app_name in (text, SETTINGS["app_name"].default)


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("plain.env", "chmod go-w -- plain.env"),
        ("; touch pwned #.env", "chmod go-w -- '; touch pwned #.env'"),
        ("-R", "chmod go-w -- -R"),
        (ODD, None),
    ],
    ids=ascii,
)
def test_a_command_to_paste_does_what_is_seen(desk, project, name, mend, monkeypatch):
    monkeypatch.chdir(project.root)
    project.write(name, "# nothing\n").chmod(0o666)
    result = desk.run("doctor", "--format", "json", "--timeout", "0.5", SYNFINANCE_ENV_FILE=name)
    assert [finding["mend"] for finding in json.loads(result.stdout) if finding["check"] == "files"][:1] == [mend]
