"""--as-user: what the user that will run may do with the files and folders, as root finds out by being that user."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from patience import PATIENCE

from synfinance_settings.model.application import Application
from synfinance_settings.model.forms import Text
from synfinance_settings.model.resource import Certificate, File, Folder
from synfinance_settings.model.section import Section, setting
from synfinance_settings.probing.probes import probes
from synfinance_settings.probing.rights import user_named

CANARY = "canary3e9a55d1"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class TillConfig(Section):
    """A till."""

    prices: Text = setting("prices.csv", "The list of prices.")
    receipts: Text = setting("receipts.log", "Where receipts go.")
    goods: Text = setting("goods", "Pictures of the goods.")
    RESOURCES = (File("prices", "read"), File("receipts", "write"), Folder("goods", "write"))


class SafeConfig(Section):
    """A safe."""

    certificate: Text = setting("safe.crt", "The certificate.")
    key: Text = setting("safe.key", "Its key.")
    RESOURCES = (Certificate(certificate="certificate", private_key="key"),)


TILL = Application(TillConfig, prefix="TILL_")
SAFE = Application(SafeConfig, prefix="SAFE_")


@pytest.fixture
def market(monkeypatch):
    """A working directory that everybody may walk into, as the folders of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="synfinance-rights-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.chdir(folder)
        yield folder


def put(path: Path, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CANARY)
    path.chmod(mode)
    return path


def found(config, user="nobody", application=TILL):
    """Status, message and mend of what is found, in the order of the model."""
    findings = list(probes(application, config, seconds=PATIENCE / 4, user=user_named(user)))
    assert CANARY not in repr(findings)
    assert all(finding.mend for finding in findings if finding.status != "ok")
    return [(finding.status, finding.message, finding.mend) for finding in findings]


@as_root
@pytest.mark.parametrize("user", ["nobody", str(pwd.getpwnam("nobody").pw_uid)])
def test_a_file_of_root_alone_cannot_be_read_by_another(market, user):
    put(market / "prices.csv", 0o600)
    (status, message, mend), *_ = found(TillConfig(), user)
    assert (status, message) == ("fail", "prices: prices.csv cannot be read by nobody")
    assert mend == "give nobody the right to it, by its owner, group or mode (r)"


@as_root
def test_a_file_for_everybody_can_be(market):
    put(market / "prices.csv", 0o644)
    assert found(TillConfig())[0][:2] == ("ok", "prices: prices.csv can be read by nobody")


@as_root
def test_a_folder_that_lets_nobody_through_is_named(market):
    put(market / "closed/below/prices.csv", 0o644)
    (market / "closed").chmod(0o700)
    (status, message, mend), *_ = found(TillConfig(prices="closed/below/prices.csv"))
    assert (status, message) == ("fail", "prices: closed/below/prices.csv cannot be read by nobody")
    assert mend.startswith(f"let nobody walk through {market}/closed,")


@as_root
def test_what_is_written_needs_the_right_to_write(market):
    put(market / "receipts.log", 0o644)
    (market / "goods").mkdir(mode=0o755)
    told = {message for _, message, _ in found(TillConfig())}
    assert {"receipts: receipts.log cannot be written by nobody", "goods: goods cannot be written by nobody"} <= told
    os.chown(market / "goods", pwd.getpwnam("nobody").pw_uid, -1)
    assert ("ok", "goods: goods can be written by nobody", None) in found(TillConfig())


@as_root
def test_what_is_missing_is_created_by_that_user_or_not_at_all(market):
    told = {message: status for status, message, _ in found(TillConfig())}
    assert told[f"goods: goods is missing, and cannot be created by nobody in {market}"] == "fail"
    market.chmod(0o777)
    told = {message: status for status, message, _ in found(TillConfig())}
    assert told["goods: goods is missing, and can be created by nobody"] == "warn"
    assert not list(market.iterdir())


@as_root
def test_the_groups_of_the_user_count(market):
    """That of root alone would let in, and it is given up."""
    path = put(market / "prices.csv", 0o640)
    os.chown(path, 0, pwd.getpwnam("nobody").pw_gid)
    assert found(TillConfig())[0][0] == "ok"
    os.chown(path, 0, 0)
    assert found(TillConfig())[0][0] == "fail"


@as_root
def test_who_asks_stays_root(market):
    path = put(market / "prices.csv", 0o600)
    found(TillConfig())
    assert (os.getresuid(), os.getresgid()) == ((0, 0, 0), (0, 0, 0))
    assert path.read_text() == CANARY


@as_root
def test_the_key_of_a_certificate_is_read_by_that_user(market):
    put(market / "safe.crt", 0o644)
    put(market / "safe.key", 0o600)
    assert [finding[:2] for finding in found(SafeConfig(), application=SAFE)] == [
        ("fail", "safe.key cannot be read by nobody")
    ]


def test_one_may_ask_for_oneself(market):
    me = pwd.getpwuid(os.geteuid()).pw_name
    put(market / "prices.csv", 0o644)
    assert found(TillConfig(), me)[0][:2] == ("ok", f"prices: prices.csv can be read by {me}")


@as_root
def test_doctor_looks_at_the_layers_and_dotenv_as_the_user(market):
    run = project(market)
    put(market / ".env", 0o600).write_text(f"SYNFINANCE_DB_PASSWORD={CANARY}\n")
    result = run("doctor", "--format", "json", "--as-user", "nobody")
    told = [(one["status"], one["message"]) for one in json.loads(result.stdout) if one["check"] == "files"]
    assert ("fail", ".env cannot be read by nobody") in told
    assert not [message for _, message in told if "default.yaml" in message]
    assert CANARY not in result.stdout + result.stderr
    assert result.returncode == 1


@as_root
def test_a_probe_of_a_change_asks_as_the_user_and_writes_nothing(market):
    run = project(market)
    (market / "models").mkdir(mode=0o700)
    before = (market / "settings/development.yaml").read_bytes()
    call = ("set", "ml.model_path", "models", "--probe")
    result = run(*call, "--as-user", "nobody")
    assert result.returncode == 1
    assert "error[no-access]: ml.model_path: models cannot be read by nobody" in result.stderr
    assert (market / "settings/development.yaml").read_bytes() == before
    assert run(*call).returncode == 0


@pytest.mark.parametrize("call", [("validate", "--probe"), ("doctor",)], ids=" ".join)
@pytest.mark.parametrize("name", ["no-such-user", "4294967294", "-7", "9" * 30, ""])
def test_a_user_that_there_is_not_is_a_slip(market, call, name):
    result = project(market)(*call, "--as-user", name)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"this machine has no user {name}" in result.stderr


def test_a_user_without_probes_is_a_slip(market):
    result = project(market)("validate", "--as-user", pwd.getpwuid(os.geteuid()).pw_name)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--as-user needs --probe" in result.stderr


@as_root
def test_who_is_not_root_is_told_to_be(market):
    """In a process that became another user, since the test is root."""
    code = (
        "import os\nfrom synfinance_settings.probing.rights import user_named\n"
        "os.setresuid(65534, 65534, 65534)\n"
        "try: user_named('root')\n"
        "except LookupError as error: print(error)\n"
        "print(user_named('65534').uid)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert told.stdout == "only root can ask for another user: run it as root or as root\n65534\n"


def project(folder: Path):
    """A project in `folder` for which commands can be run."""
    put(folder / "settings/default.yaml", 0o644).write_text("{}\n")
    put(folder / "settings/development.yaml", 0o644).write_text("server: {port: 9000}\n")
    program = shutil.which("synfinance-settings", path=Path(sys.executable).parent)

    def run(*call: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "XDG_STATE_HOME": str(folder / "state")}
        environ |= {"SYNFINANCE_SETTINGS_DIR": str(folder / "settings")}
        return subprocess.run(
            [program, *call], cwd=folder, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    return run
