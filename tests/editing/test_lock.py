"""Of two edits in a folder the later one waits for the earlier, as long as it was told; nobody else holds it up."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from contextlib import contextmanager

import pytest
from patience import PATIENCE

from synfinance_settings import EditError, LayerError
from synfinance_settings.editing.lock import NAME, locked

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
SOMEBODY = 12345


@contextmanager
def editing(folder, command="set debug", wait=0.0):
    """Hold the lock as an edit does; nothing waits for it in silence."""
    said = []
    with locked(folder, command, wait, said.append):
        yield
    assert said == []


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def start_edit(project):
    """Start the command that switches debug on."""

    def start(*options, before=()):
        return subprocess.Popen(
            [*before, sys.executable, "-m", "synfinance_settings", "set", "debug", "on", *options],
            cwd=project.root,
            env={
                "PATH": os.environ["PATH"],
                "SYNFINANCE_SETTINGS_DIR": str(project.settings),
                "SYNFINANCE_STATE_DIR": str(project.root / "state"),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def test_one_edit_at_a_time_holds_the_lock_and_leaves_nothing(folder):
    with editing(folder), pytest.raises(EditError) as caught, editing(folder):
        raise AssertionError("both hold it")
    (problem,) = caught.value.problems
    assert problem.code == "locked"
    assert f"{folder} is being edited by process {os.getpid()} of " in problem.message
    assert problem.message.endswith(", set debug")
    assert list(folder.iterdir()) == []
    with editing(folder):
        pass


def test_what_a_killed_edit_left_is_taken_away(folder):
    (folder / NAME).write_text("process 1 of nobody")
    with editing(folder):
        assert "nobody" not in (folder / NAME).read_text()
    assert list(folder.iterdir()) == []


def test_a_folder_that_somebody_locked_for_reading_it_is_edited(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with editing(folder):
        pass
    os.close(descriptor)


@pytest.mark.parametrize(("mode", "lock"), [(0o755, 0o600), (0o700, 0o600), (0o2775, 0o660), (0o1777, 0o666)])
def test_those_may_lock_who_may_write_the_folder(folder, mode, lock):
    folder.chmod(mode)
    with editing(folder):
        assert stat.S_IMODE((folder / NAME).stat().st_mode) == lock


@needs_root
def test_the_owner_of_the_folder_may_use_what_root_made(folder):
    os.chown(folder, SOMEBODY, 4321)
    with editing(folder):
        found = (folder / NAME).stat()
        assert (found.st_uid, found.st_gid) == (SOMEBODY, 4321)


@pytest.mark.parametrize("odd", ["a link", "a link to nothing", "a pipe", "a folder"])
def test_what_is_no_file_in_its_place_is_not_used(folder, odd):
    target = folder / "target"
    if odd == "a pipe":
        os.mkfifo(folder / NAME)
    elif odd == "a folder":
        (folder / NAME).mkdir()
    else:
        (folder / NAME).symlink_to(target)
    if odd == "a link":
        target.write_text("ours")
    with pytest.raises(LayerError) as caught, editing(folder):
        raise AssertionError("it is locked")
    assert caught.value.problems[0].code == "unwritable"
    assert (target.read_text() if target.exists() else None) == ("ours" if odd == "a link" else None)


def test_a_hard_link_in_its_place_is_taken_away_and_not_written(folder):
    target = folder / "target"
    target.write_text("ours")
    before = target.stat()
    os.link(target, folder / NAME)
    with editing(folder):
        assert target.read_text() == "ours"
    after = target.stat()
    assert (after.st_mode, after.st_uid, after.st_nlink) == (before.st_mode, before.st_uid, 1)


def test_a_folder_that_is_not_there_cannot_be_locked(folder):
    with pytest.raises(LayerError), editing(folder / "no"):
        raise AssertionError("it is locked")


def test_a_child_that_was_forked_meanwhile_does_not_keep_the_lock(folder):
    here, there = os.pipe()
    with editing(folder):
        child = os.fork()
        if not child:
            os.close(there)
            os.read(here, 1)  # ends with the parent's end of the pipe
            os._exit(0)
    with editing(folder):
        pass
    os.close(there)
    os.close(here)
    assert os.waitpid(child, 0)[1] == 0


def test_a_command_waits_says_for_whom_and_goes_on(project, start_edit):
    with editing(project.settings, "import x.yaml"):
        command = start_edit("--wait", str(PATIENCE))
        said = command.stderr.readline()
        assert said.startswith(f"note: waiting for process {os.getpid()} of ")
        assert said.endswith(f", import x.yaml, up to {PATIENCE} seconds\n")
    assert command.communicate(timeout=PATIENCE)[1].endswith("wrote settings/development.yaml\n")
    assert command.returncode == 0


@needs_root
def test_a_lock_of_somebody_whose_file_cannot_be_opened_is_told(project, start_edit, without_rights):
    (project.settings / NAME).touch(0o600)
    os.chown(project.settings / NAME, SOMEBODY, SOMEBODY)
    command = start_edit("--wait", "0", before=without_rights)
    said = command.communicate(timeout=PATIENCE)[1]
    assert f"{project.settings} is being edited by a process of user {SOMEBODY}\n" in said
    assert command.returncode == 2


def test_a_command_gives_up_and_a_dry_run_waits_for_nobody(project):
    with editing(project.settings):
        refused = project.command("set", "debug", "on", "--wait", "0")
        shown = project.command("set", "debug", "on", "--dry-run")
    assert refused.exit_code == 2
    assert "error[locked]: " in refused.stderr
    assert (shown.exit_code, "+debug: on" in shown.stdout) == (0, True)
    assert (project.settings / "development.yaml").read_text() == "{}\n"
