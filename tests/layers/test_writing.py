"""A file is written whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from synfinance_settings import LayerError
from synfinance_settings.layers.writing import write_atomically


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
