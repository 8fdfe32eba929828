"""Are the files of a project safe: modes of layers and secrets, and whether git would take ``.env`` along?"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from synfinance_settings.errors import counted
from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.project import Project
from synfinance_settings.probing.answers import asked
from synfinance_settings.probing.finding import Command, Finding
from synfinance_settings.probing.rights import Rights, User, question

_PLAIN: Final = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]*")


def findings(project: Project, seconds: float, programs: str, user: User | None = None) -> Iterator[Finding]:
    """Modes of the layer files and of ``.env``, whether `user` can read them, and whether git would take ``.env``
    along.
    """
    look = look_at(project)
    paths = list(look.files)
    bad = [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o022]
    for path in bad:
        name = project.name(path)
        yield Finding("files", "fail", f"{name} can be written by others", Command.of("chmod", "go-w", "--", name))
    if not bad:
        yield Finding("files", "ok", f"{counted(len(paths), 'file')}, none writable by others")
    for path in look.private_files:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o044:
            name = project.name(path)
            yield Finding("files", "warn", f"{name} can be read by others", Command.of("chmod", "600", "--", name))
    if user:
        yield from _unreadable(project, look.files, user, seconds)
    if project.env_file.exists():
        yield from _ignored_by_git(project, seconds, programs)


def _unreadable(project: Project, paths: Sequence[Path], user: User, seconds: float) -> Iterator[Finding]:
    """The files that a start as `user` would look at, and could not read."""
    with asked({user: question(user, paths)}, seconds) as answers:
        try:
            rights = Rights.of(user, answers[user])
        except OSError as error:
            said = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
            mend = f"ask again, or run doctor as {user.name}"
            yield Finding("files", "fail", f"cannot be checked for {user.name}: {said}", mend)
            return
    closed = [path for path in paths if not rights.include(path, "r")]
    for path in closed:
        told = f"{project.name(path)} cannot be read{rights.by}"
        yield Finding("files", rights.refusal, told, rights.grant(path, "r"))
    if not closed:
        yield Finding("files", "ok", f"{counted(len(paths), 'file')}, all can be read{rights.by}")


def _ignored_by_git(project: Project, seconds: float, programs: str) -> Iterator[Finding]:
    """Whether git would take ``.env`` along; nothing outside a repository.

    The repository's own configuration can name programs to run, so git gets an empty repository of ours in its place,
    and of the other one only the files, the index and the list of exceptions.
    """
    git, path = shutil.which("git", path=programs), project.env_file.absolute()
    root = next((folder for folder in path.parents if os.path.lexists(folder / ".git")), None)
    if git is None or root is None:
        return
    name, inside = project.name(path), path.relative_to(root).as_posix()
    with tempfile.TemporaryDirectory() as ours:
        ask = partial(_asked_git, git, programs, Path(ours), root, seconds)
        ignored = ask("check-ignore", "--no-index", "--quiet", "--", inside)
        # who does not answer one question in time is not asked another
        tracked = ask("ls-files", "--error-unmatch", "--", f":(top,literal){inside}") if ignored is not None else None
    if tracked == 0:
        yield Finding("files", "fail", f"git tracks {name}", Command.of("git", "rm", "--cached", "--", name))
    elif ignored == 1:
        is_plain = bool(_PLAIN.fullmatch(path.name))
        mend = Command(f"echo {path.name} >> .gitignore") if is_plain else "name it in .gitignore"
        yield Finding("files", "fail", f"git does not ignore {name}", mend)
    elif ignored == 0:
        yield Finding("files", "ok", f"git ignores {name}")
    else:
        yield Finding("files", "warn", f"git cannot say whether it ignores {name}", Command.of("git", "status"))


def _asked_git(git: str, programs: str, ours: Path, root: Path, seconds: float, *call: str) -> int | None:
    """How git ends on a question about the files below `root`; None where it does not end in time."""
    for name in ("objects", "refs", "info"):
        (ours / name).mkdir(exist_ok=True)
    (ours / "HEAD").write_text("ref: refs/heads/main\n")
    theirs = root / ".git"
    environ = {
        "PATH": programs,
        "GIT_DIR": str(ours),
        "GIT_WORK_TREE": str(root),
        "GIT_INDEX_FILE": str(theirs / "index"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
    }
    options = ["-c", f"core.excludesFile={theirs / 'info' / 'exclude'}"]
    streams: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.run(
            [git, *options, *call], cwd=root, env=environ, timeout=seconds, check=False, **streams
        ).returncode
    except subprocess.TimeoutExpired:
        return None
