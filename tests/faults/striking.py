"""A project that is put back before each run, and commands in it whose system calls fail on demand."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from patience import PATIENCE

from synfinance_settings.editing.history import History
from synfinance_settings.sections.application import SYNFINANCE

OWNER = (1234, 4321) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
"""Who the files belong to: where root runs the tests another user, so that something is to be kept."""

WARM = Path(__file__).with_name("warm.py")
LOOKS = ("newfstatat", "fstat", "stat", "lstat", "access", "getcwd", "getdents64", "lseek", "ioctl", "read", "close")
CHANGELESS = (*LOOKS, "fcntl", "flock", "pread64", "fsync", "fdatasync", "listxattr", "flistxattr", "readlink")
TRACED = "trace=%file,%desc,%process"


class Site(NamedTuple):
    """A system call of a run: its name, and the how manieth of that name it is."""

    call: str
    number: int


class Call(NamedTuple):
    """A call that concerns the project, as it was traced."""

    site: Site
    said: str

    @property
    def changes_files(self) -> bool:
        """Whether files may be others after it."""
        if self.site.call == "openat":
            return "O_CREAT" in self.said or "O_TRUNC" in self.said
        return self.site.call not in CHANGELESS


class Ended(NamedTuple):
    """How a run ended: its exit code, negative for a signal, and what it said."""

    code: int
    out: str
    err: str


class Seen(NamedTuple):
    """A file as it was found."""

    content: bytes
    mode: int
    owner: tuple[int, int]


class Bench:
    """The project `root`, and a warm process that runs commands in it."""

    def __init__(self, folder: Path, strace: str) -> None:
        self.root = folder / "project"
        self._pristine = folder / "pristine"
        self._log = folder / "trace"
        self._strace = strace
        self._pipes = {name: self._pipe(folder / name) for name in ("out", "err")}
        self._process = subprocess.Popen(
            [sys.executable, "-P", WARM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @staticmethod
    def _pipe(path: Path) -> tuple[Path, int]:
        """A pipe for what a command says, which no limit on files concerns."""
        os.mkfifo(path)
        return path, os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        assert self._process.stdout
        self._process.stdout.close()
        for _, pipe in self._pipes.values():
            os.close(pipe)

    def begin(self, files: dict[str, str]) -> None:
        """A new project with these files."""
        shutil.rmtree(self.root, ignore_errors=True)
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
            (self.root / name).chmod(0o640)
        self._give()

    def keep(self) -> None:
        """Let every run begin with the project as it is now."""
        shutil.rmtree(self._pristine, ignore_errors=True)
        shutil.copytree(self.root, self._pristine)

    def restore(self) -> None:
        shutil.rmtree(self.root)
        shutil.copytree(self._pristine, self.root)
        self._give()

    def _give(self) -> None:
        """Let all but the history, and what stands in the root, belong to the owner."""
        if OWNER[0] != os.geteuid():
            for path in (self.root / "settings", *self.root.glob("settings/*"), *self.root.glob("out.*")):
                os.chown(path, *OWNER)

    def warm(self, *arguments: str) -> None:
        """Let what the command imports be there in every run."""
        self._order(arguments, is_warming=True)
        assert self._answer() == 0, self._said("err")

    def run(self, *arguments: str, limit: int | None = None) -> Ended:
        """Run a command, where `limit` is given with files of at most so many bytes."""
        self._order(arguments, limit=limit)
        return self._let_go(self._answer())

    def sites(self, *arguments: str) -> tuple[Ended, list[Site], list[Site]]:
        """Run a command, and tell which of its system calls concern the project, and where a kill makes a difference.

        Of those that only look, and look alike, the first and the last: between them nothing was changed by them. A
        kill leaves what stands there: of calls with no change between them, the first does for all.
        """
        ended = self._traced(arguments, ())
        calls = self._calls()
        firsts = {call.said: call.site for call in reversed(calls)}
        lasts = {call.said: call.site for call in calls}
        failing = [site for site, said in calls if site.call not in LOOKS or site in (firsts[said], lasts[said])]
        killing = [
            call.site
            for before, call in zip([None, *calls], calls, strict=False)
            if before is None or before.changes_files
        ]
        return ended, failing, [*killing, calls[-1].site]

    def _calls(self) -> list[Call]:
        """The calls that were traced last and name the project, in their order."""
        counts: Counter[str] = Counter()
        found = []
        for line in self._log.read_text(errors="replace").splitlines():
            call = re.match(r"\w+(?=\()", line)
            if call:
                counts[call[0]] += 1
                if str(self.root) in line:
                    said = re.sub(r"\{.*\}", "", line.partition(" = ")[0])
                    found.append(Call(Site(call[0], counts[call[0]]), said))
        return found

    def struck(self, site: Site, fault: str, *arguments: str) -> Ended:
        """Run a command with `fault`, as strace spells it, at `site`."""
        inject = f"inject={site.call}:{fault}:when={site.number}"
        return self._traced(arguments, ("-e", inject))

    def _traced(self, arguments: tuple[str, ...], options: tuple[str, ...]) -> Ended:
        self._order(arguments)
        pid = self._answer()
        call = [self._strace, "-y", "-o", str(self._log), "-e", TRACED, *options, "-p", str(pid)]
        with subprocess.Popen(call, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr
            attached = tracer.stderr.readline()
            ended = self._let_go(pid)
            tracer.communicate(timeout=PATIENCE)
        assert "attached" in attached, attached
        return ended

    def _order(self, arguments: tuple[str, ...], *, limit: int | None = None, is_warming: bool = False) -> None:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "LANG": "C.UTF-8",
            "SYNFINANCE_SETTINGS_DIR": str(self.root / "settings"),
            "SYNFINANCE_STATE_DIR": str(self.root / "state"),
        }
        pipes = {name: str(path) for name, (path, _) in self._pipes.items()}
        order = {"arguments": arguments, "folder": str(self.root), "variables": variables, "limit": limit, **pipes}
        assert self._process.stdin
        print(json.dumps({**order, "warm": is_warming}), file=self._process.stdin, flush=True)

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def _let_go(self, pid: int) -> Ended:
        os.kill(pid, signal.SIGUSR1)
        return Ended(self._answer(), self._said("out"), self._said("err"))

    def _said(self, name: str) -> str:
        said = b""
        with suppress(BlockingIOError):
            while part := os.read(self._pipes[name][1], 65536):
                said += part
        return said.decode()

    def seen(self, name: str) -> Seen | None:
        """The file of the project as it is; None where there is none."""
        path = self.root / name
        if not path.exists():
            return None
        found = path.stat()
        return Seen(path.read_bytes(), stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid))

    def names(self) -> set[str]:
        """What stands in the project."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}

    def state(self) -> tuple[tuple[str, Seen | None], ...]:
        """All that stands in the project, as it is: from the same state a command does the same."""
        return tuple(
            (name, None if Path(self.root, name).is_dir() else self.seen(name)) for name in sorted(self.names())
        )

    def versions(self, name: str) -> list[bytes]:
        """What the history has of a layer file, newest first."""
        history = History(self.root / "state", self.root / "settings", SYNFINANCE.kinds)
        return [version.files[name] for version in history.versions(name.partition(".")[0])]
