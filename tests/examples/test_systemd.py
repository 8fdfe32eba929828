"""A service as its unit says: its credentials are laid out as systemd does it, and it is reloaded by the signal."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections import defaultdict

import pytest
from living import Program, live
from patience import PATIENCE

UNIT = "scorer.service"


def unit(program: Program) -> dict[str, list[str]]:
    """What a unit says, by name."""
    said = defaultdict(list)
    for line in (program.root / UNIT).read_text().splitlines():
        name, _, value = line.partition("=")
        said[name].append(value)
    return said


def test_systemd_with_credentials_and_a_reload(example, seen, tmp_path):
    """The layers are taken over when an operator says so, and not before; a restart on broken ones has the last good,
    in the folder that systemd gives.
    """
    program = example("systemd")
    said = unit(program)
    interpreter, script = said["ExecStart"][0].split()
    assert (interpreter, script) == ("/usr/bin/python3", "/opt/scorer/app.py")
    assert said["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    credentials, state = tmp_path / "credentials", tmp_path / "lib" / said["StateDirectory"][0]
    credentials.mkdir()
    (tmp_path / "lib/private" / state.name).mkdir(parents=True)  # where DynamicUser has it
    state.symlink_to(f"private/{state.name}")
    (credential,) = said["LoadCredential"]
    (credentials / credential.partition(":")[0]).write_text("a key of thirty-two bytes or more")
    credentials.chmod(0o500)
    variables = dict(text.split("=") for text in said["Environment"])
    assert variables["SYNFINANCE_SETTINGS_DIR"] == "/etc/scorer/settings"
    variables |= {"SYNFINANCE_SETTINGS_DIR": "settings", "SYNFINANCE_SECRETS_DIR": str(credentials)}

    def edit(key: str, value: object) -> None:
        heard = program.log.read_text().count("file_changed")
        before = program.get().value
        program.edit(key, value)
        program.says("file_changed", heard + 1)
        assert program.get().value == before
        program.process.send_signal(signal.SIGHUP)

    directories = {"STATE_DIRECTORY": str(state), "CREDENTIALS_DIRECTORY": str(credentials)}
    program.start("python app.py", **variables, **directories, SYNFINANCE_SERVER__PORT=str(program.port))
    program.serves()
    refused = (7, "ml.fraud_threshold must be at most 1")
    edits = ("ml.fraud_threshold", (0.5, 0.6, 0.7))
    seen(live(program, program.get, *edits, refused=refused, edit=edit, meanwhile=program.restart))
    program.ends()


def test_the_unit_is_one_that_systemd_takes(example):
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    path = example("systemd").root / UNIT
    path.write_text(path.read_text().replace("/usr/bin/python3", sys.executable))
    run = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, timeout=PATIENCE)
    assert (run.returncode, run.stderr) == (0, "")
