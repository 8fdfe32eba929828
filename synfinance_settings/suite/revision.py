"""Which settings have changed since a revision of git: the layers as they are, beside those that it holds.

A file is read from git by the name of its blob; nothing is checked out, and no hook runs.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from synfinance_settings.errors import Origin, Problem, SettingsError, printable
from synfinance_settings.layers.build import build
from synfinance_settings.layers.comparison import changed_keys
from synfinance_settings.layers.look import Look, layer_stems, look_at, stored_look
from synfinance_settings.layers.merge import merge
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.text.bounds import FILE_BYTES
from synfinance_settings.text.formats import layer_suffixes
from synfinance_settings.text.node import leaves, text_of

_PATIENCE: Final = 30.0  # seconds that git may take
_FILES: Final = (b"100644", b"100755")


def changed_since(revision: str, project: Project) -> frozenset[str]:
    """The settings of `project`, in its environment, that have other values than with the layer files of `revision`.

    Layers that are not files of the settings folder, and developers' own ones, are as they are now on both sides, and
    so are the models' defaults. Raises `SettingsError` where git knows no such revision of the folder.
    """
    now = look_at(project)
    if project.settings_dir is None:
        return frozenset()
    commit = _git(project.settings_dir, revision, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    files = dict(_files(project, revision, commit.decode().strip()))
    reports = [build(look, placeholders=True) for look in (_then(now, files), now)]
    return frozenset(_changed(*reports))


def _then(now: Look, files: dict[str, bytes]) -> Look:
    local = {layer.name for layer in layers_of(now.project.application) if layer.is_local}
    then = stored_look(now, files)
    for name in local & now.found.keys():
        then = then.with_layer(name, *now.found[name])
    return then


def _files(project: Project, revision: str, commit: str) -> Iterator[tuple[str, bytes]]:
    """The layer files that `commit` holds in the settings folder, by their names."""
    folder = project.settings_dir
    assert folder is not None
    wanted = {stem + suffix for stem in layer_stems(project).values() for suffix in layer_suffixes()}
    for entry in _git(folder, revision, "ls-tree", "-z", "-l", commit, "./").split(b"\0"):
        about, _, name = entry.partition(b"\t")
        if name.decode(errors="replace") in wanted:
            mode, _, blob, size = about.split()
            if mode in _FILES and int(size) <= FILE_BYTES:
                yield name.decode(), _git(folder, revision, "cat-file", "blob", blob.decode())


def _git(folder: Path, revision: str, *arguments: str) -> bytes:
    """What git says in `folder`."""
    problem: Problem
    try:
        run = subprocess.run(
            ["git", "-C", str(folder), *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE
        )
        if run.returncode == 0:
            return run.stdout
        lines = run.stderr.decode(errors="replace").strip().splitlines()
        problem = _no_revision(folder, revision, lines[-1] if lines else "it says nothing")
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = _no_revision(folder, revision, str(error))
    raise SettingsError(problem)


def _no_revision(folder: Path, revision: str, reason: str) -> Problem:
    message = f"git cannot tell what the layers were at {printable(revision)!r}: {printable(reason)}"
    hint = "name a branch, a tag or a commit of the repository that holds the settings folder"
    return Problem("invalid", message, origin=Origin(str(folder)), hint=hint)


def _changed(before: ValidationReport, after: ValidationReport) -> Iterator[str]:
    """The keys whose values differ; where a side does not validate, whose texts do, or refer to something."""
    if before.snapshot is not None and after.snapshot is not None:
        yield from changed_keys(before.snapshot.config, after.snapshot.config)
        return
    then, now = ({key: text_of(node) for key, node in leaves(merge(report.layers))} for report in (before, after))
    for key in then.keys() | now.keys():
        if then.get(key) != now.get(key) or "$" in now.get(key, ""):
            yield key
