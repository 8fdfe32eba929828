"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from patience import PATIENCE

from synfinance_settings import LayerError
from synfinance_settings.text.atomic import write_atomically


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_usual_mode_and_nothing_else_is_left(tmp_path):
    write_atomically(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert mode(tmp_path / "x") in (0o644, 0o640, 0o600)
    assert os.listdir(tmp_path) == ["x"]


def test_an_old_file_keeps_its_mode(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o640)
    write_atomically(path, b"newer", mode=0o600)
    assert mode(path) == 0o600


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_write_that_fails_leaves_the_old_content(tmp_path):
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "folder", tmp_path / "no" / "x"):
        with pytest.raises(LayerError, match="cannot be written"):
            write_atomically(target, b"new")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_device_a_pipe_and_a_socket_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LayerError, match="not a regular file"):
        write_atomically(tmp_path / "pipe", b"new")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


LEFT = ".x.0123abcd.tmp"


def test_what_a_killed_write_left_is_removed_by_the_next(tmp_path):
    for mode in (0o600, 0o400):
        (tmp_path / LEFT).write_text("half")
        (tmp_path / LEFT).chmod(mode)
        write_atomically(tmp_path / "x", b"new")
        assert os.listdir(tmp_path) == ["x"]


def test_a_write_that_goes_on_keeps_its_temporary_file(tmp_path):
    with (tmp_path / LEFT).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        write_atomically(tmp_path / "x", b"new")
        assert sorted(os.listdir(tmp_path)) == [LEFT, "x"]
    write_atomically(tmp_path / "x", b"newer")
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("name", ["*", "[a-z]", "?", "x*", ".", "\\", "x\n"])
def test_a_name_is_no_pattern(tmp_path, name):
    """Only what a write to that very name left is removed, whatever the name holds."""
    others = {LEFT, ".a.0123abcd.tmp", ".xy.0123abcd.tmp", ".x.0123ABCD.tmp", ".x.tmp", "x.0123abcd.tmp"}
    for other in others:
        (tmp_path / other).write_text("another's")
    if name == ".":
        with pytest.raises(LayerError):
            write_atomically(tmp_path / "folder" / "..", b"new")
    else:
        write_atomically(tmp_path / name, b"new")
        others = others | {name}
    assert set(os.listdir(tmp_path)) == others


def test_what_only_looks_left_behind_stays(tmp_path):
    (tmp_path / LEFT).mkdir()
    (tmp_path / ".x.1123abcd.tmp").symlink_to("nowhere")
    os.mkfifo(tmp_path / ".x.2123abcd.tmp")
    write_atomically(tmp_path / "x", b"new")
    assert len(os.listdir(tmp_path)) == 4


def test_a_long_name_is_written(tmp_path):
    name = "ü" * 125
    write_atomically(tmp_path / name, b"new")
    assert os.listdir(tmp_path) == [name]


def test_a_folder_that_cannot_be_synced_is_a_warning(tmp_path, monkeypatch, caplog):
    synced = os.fsync

    def fsync(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        synced(file)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert "x is written, but its folder could not be synced (Input/output error)" in caplog.text


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs a machine where the tests run as root")


def attributes(path):
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


@pytest.fixture
def taken(tmp_path):
    """A file with attributes and an ACL; skip where the file system has none."""
    path = tmp_path / "x"
    path.write_text("old")
    try:
        os.setxattr(path, "user.note", b"ours")
    except OSError:
        pytest.skip("needs a file system with extended attributes")
    if shutil.which("setfacl"):
        subprocess.run(["setfacl", "-m", "u:1:r,g:1:rw", path], check=True)
    return path


def test_attributes_and_the_acl_stay(taken):
    taken.chmod(0o640)
    before = (attributes(taken), mode(taken))
    assert "user.note" in before[0]
    write_atomically(taken, b"new")
    assert (taken.read_bytes(), attributes(taken), mode(taken)) == (b"new", *before)


def test_a_folders_default_acl_does_not_reach_an_old_file(tmp_path):
    if not shutil.which("setfacl"):
        pytest.skip("needs setfacl: apt-get install acl")
    (tmp_path / "x").write_text("old")
    before = (attributes(tmp_path / "x"), mode(tmp_path / "x"))
    subprocess.run(["setfacl", "-d", "-m", "u:1:rw", tmp_path], check=True)
    write_atomically(tmp_path / "x", b"new")
    assert (attributes(tmp_path / "x"), mode(tmp_path / "x")) == before
    write_atomically(tmp_path / "y", b"new")
    assert "system.posix_acl_access" in attributes(tmp_path / "y")


def test_who_is_in_the_acl_cannot_read_what_is_written_for_the_owner_alone(taken):
    write_atomically(taken, b"new", mode=0o600)
    assert mode(taken) == 0o600
    assert "system.posix_acl_access" not in attributes(taken)


@needs_root
def test_root_leaves_a_file_to_its_owner_and_group(taken):
    os.chown(taken, 1234, 4321)
    taken.chmod(0o640)
    before = attributes(taken)
    write_atomically(taken, b"new")
    found = taken.stat()
    assert (found.st_uid, found.st_gid, mode(taken), attributes(taken)) == (1234, 4321, 0o640, before)


@needs_root
def test_what_root_makes_anew_belongs_to_the_owner_of_the_folder(tmp_path):
    os.chown(tmp_path, 1234, 4321)
    write_atomically(tmp_path / "x", b"new")
    write_atomically(tmp_path / "layer", b"new", mode=0o600, like_folder=True)
    write_atomically(tmp_path / "secret", b"new", mode=0o600)
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in tmp_path.iterdir()}
    assert owners == {"x": (1234, 4321), "layer": (1234, 4321), "secret": (os.geteuid(), os.getegid())}


@pytest.fixture
def everybodys():
    """A folder that any user can reach and write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@needs_root
@pytest.mark.parametrize("kept", ["owner", "attributes"])
def test_what_cannot_be_kept_is_refused_before_anything_is_written(everybodys, kept):
    """As a user who may write into the folder, but may not give a file away."""
    path = everybodys / "x"
    path.write_text("old")
    if kept == "attributes":
        os.chown(path, 1234, 1234)
        os.setxattr(path, "user.note", b"ours")
        path.chmod(0o200)
    before = (path.stat().st_uid, path.stat().st_ino, mode(path))
    code = f"""if True:
        import os, pathlib
        from synfinance_settings import LayerError
        from synfinance_settings.text.atomic import write_atomically
        os.setgroups([]); os.setgid(1234); os.setuid(1234)
        try:
            write_atomically(pathlib.Path({str(path)!r}), b"new")
        except LayerError as error:
            print(error)
    """
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert "cannot be kept" in said.stdout
    assert (path.stat().st_uid, path.stat().st_ino, mode(path)) == before
    assert path.read_text() == "old"
    assert os.listdir(everybodys) == ["x"]


@needs_root
@pytest.mark.parametrize("target", ["dangling", "root's"])
def test_a_link_that_another_user_planted_is_not_followed(tmp_path, target):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    secret = tmp_path / "target"
    if target == "root's":
        secret.write_text("old")
    (folder / "x").symlink_to(secret)
    os.chown(folder / "x", 1234, 1234, follow_symlinks=False)
    with pytest.raises(LayerError, match="a link that another user made"):
        write_atomically(folder / "x", b"new")
    assert (secret.read_text() if secret.exists() else None) == ("old" if target == "root's" else None)


@needs_root
@pytest.mark.parametrize("planted", ["a file", "a link to a file"])
@pytest.mark.parametrize("given", [None, 0o600])
def test_a_file_that_another_user_put_into_a_folder_of_anybodys_gets_no_secrets(tmp_path, planted, given):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    path = target = folder / "x"
    if planted != "a file":
        target = tmp_path / "theirs"
        path.symlink_to(target)
        os.chown(path, 1234, 1234, follow_symlinks=False)
    target.write_text("old")
    os.chown(target, 1234, 1234)
    with pytest.raises(LayerError, match=r"another user made|may have put it there"):
        write_atomically(path, b"secret", given)
    assert target.read_text() == "old"
    folder.chmod(0o755)
    write_atomically(path, b"new", given)
    assert (target.read_text(), target.stat().st_uid) == ("new", 1234)


@needs_root
def test_a_users_link_to_a_file_of_that_user_is_followed(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    for name in ("real", "link"):
        os.chown(tmp_path / name, 1234, 1234, follow_symlinks=False)
    write_atomically(tmp_path / "link", b"new")
    assert ((tmp_path / "real").read_bytes(), (tmp_path / "real").stat().st_uid) == (b"new", 1234)
    assert (tmp_path / "link").is_symlink()


def test_links_in_a_circle_are_answered(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(LayerError, match="symbolic links"):
        write_atomically(tmp_path / "a", b"new")
