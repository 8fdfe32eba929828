"""What the tests of the admin commands share: a state folder of their own, and what stands in a folder."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from counter import Counter
from patience import PATIENCE

from synfinance_settings.cli.group import group

Files = dict[str, tuple[int, bytes]]


def files_below(root: Path) -> Files:
    """Every file below `root`: its mode and content."""
    return {
        str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


class Desk:
    """Where an operator sits: the commands, with the settings of a project and a state folder of its own."""

    def __init__(self, project) -> None:
        self.root = project.root
        self.settings = project.settings
        self.state = project.root / "state"

    def run(self, *arguments: str, input: str | None = None, **variables: str) -> Result:
        """A command in this process."""
        others = {
            name: None for name in os.environ if name.startswith("SYNFINANCE_") or name.endswith(("_COLOR", "COLUMNS"))
        }
        return CliRunner(env={**others, **self._ours, **variables}).invoke(group, arguments, input=input)

    def done(self, *arguments: str, **options: str) -> Result:
        """A command that must go well."""
        result = self.run(*arguments, **options)
        assert result.exit_code == 0, result.output
        return result

    def start(
        self, *arguments: str, before: tuple[str, ...] = (), stdin: int = subprocess.DEVNULL, **variables: str
    ) -> subprocess.Popen[str]:
        """A command in a process of its own; `before` stands before it."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "synfinance_settings", *arguments],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "HOME": str(self.root), "LANG": "C.UTF-8", **self._ours, **variables},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def asked(self, answer: str, *arguments: str) -> tuple[int, str]:
        """A command at a terminal, where a person types `answer`: its exit code and what it said on stderr."""
        person, terminal = pty.openpty()
        process = self.start(*arguments, stdin=terminal)
        os.write(person, f"{answer}\n".encode())
        said = process.communicate(timeout=PATIENCE)[1]
        os.close(person)
        os.close(terminal)
        return process.returncode, said

    def text(self, name: str) -> str:
        """The text of a layer, line ends as they are."""
        return (self.settings / f"{name}.yaml").read_bytes().decode()

    @property
    def _ours(self) -> dict[str, str]:
        return {"SYNFINANCE_SETTINGS_DIR": str(self.settings), "SYNFINANCE_STATE_DIR": str(self.state)}


@pytest.fixture
def desk(project) -> Desk:
    """The commands for a project with empty default and development layers."""
    return Desk(project)


@pytest.fixture
def shipped_desk(shipped) -> Desk:
    """The commands for a project with the layers that the checkout ships."""
    return Desk(shipped)


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    """The commands for a stall with empty layers."""
    return Counter(tmp_path)


@pytest.fixture
def nothing_written(tmp_path: Path):
    """Check at the end that no file below the project changed, its state folder too."""
    before: list[Files] = []

    def watch() -> Callable[[], None]:
        before.append(files_below(tmp_path))
        return lambda: None

    yield watch
    assert before, "the test says when to begin"
    assert files_below(tmp_path) == before[0]


@pytest.fixture
def in_a_bare_shell(tmp_path):
    """What a shell says that completes a program by the line of the docs, when words of it are typed, then Enter."""

    def says(command: Path, words: str, shell: str, *options: str) -> str:
        if shutil.which(shell) is None:
            pytest.skip(f"needs {shell}: apt-get install {shell}")
        call = f"_{command.name.upper().replace('-', '_')}_COMPLETE={shell}_source {command.name}"
        lines = [f"{call} | source" if shell == "fish" else f'eval "$({call})"', f"{command.name} {words}", "exit"]
        person, terminal = pty.openpty()
        process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", shell, *options],
            cwd=tmp_path,
            env={
                "PATH": f"{command.parent}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "LANG": "C.UTF-8",
                "TERM": "dumb",
            },
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        os.write(person, "".join(f"{line}\n" for line in lines).encode())
        said = b""
        try:
            while part := os.read(person, 10_000):
                said += part
        except OSError:  # the shell has gone
            pass
        os.close(person)
        process.wait(PATIENCE)
        return said.decode()

    return says


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Pairs of certificate and key: good, about to expire, expired, and a key of another."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl: apt-get install openssl")
    folder = tmp_path_factory.mktemp("tls")
    for name, days in (("good", ["-days", "100"]), ("soon", ["-days", "5"]), ("other", ["-days", "100"])):
        call = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        call += ["-subj", f"/CN={name}.example", "-keyout", f"{name}.key", "-out", f"{name}.crt", *days]
        subprocess.run(call, cwd=folder, check=True, capture_output=True)
    request = ["req", "-new", "-key", "good.key", "-subj", "/CN=old.example", "-out", "old.csr"]
    signing = ["ca", "-selfsign", "-batch", "-notext", "-config", "ca.cnf", "-keyfile", "good.key", "-in", "old.csr"]
    signing += ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-out", "old.crt"]
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca = here\n[here]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n"
        "default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
    )
    for call in (request, signing):
        subprocess.run([openssl, *call], cwd=folder, check=True, capture_output=True)
    return folder
