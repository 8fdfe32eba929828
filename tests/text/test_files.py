"""Files are read once, whole, without waiting, up to 1 MiB."""

from __future__ import annotations

import os

import pytest

from synfinance_settings.text.files import read_file

MIB = 1024 * 1024


def test_1_mib_passes_and_one_byte_more_does_not(project):
    text = "app_name: x\n#" + "x" * MIB
    project.layer("default", text[:MIB])
    assert project.load().app_name == "x"
    project.layer("default", text[: MIB + 1])
    assert project.problems() == [("too-large", None, "settings/default.yaml")]


def test_a_pipe_is_refused_without_waiting(project):
    (project.settings / "default.yaml").unlink()
    os.mkfifo(project.settings / "default.yaml")
    assert project.problems() == [("unreadable", None, "settings/default.yaml")]


def test_a_file_that_is_not_utf8_is_told_with_its_line(project):
    project.layer("default", b"app_name: x\n\nversion: \xff\n")
    assert project.problems() == [("not-utf8", None, "settings/default.yaml:3")]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(project):
    (project.settings / "default.yaml").chmod(0)
    assert project.problems() == [("unreadable", None, "settings/default.yaml")]


def test_content_absence_and_failure_are_told_apart(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "full").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    found = [read_file(tmp_path / name) for name in ("empty", "full", "folder", "link", "absent")]
    assert len({(content.data, content.failure) for content in found}) == 5
    assert not read_file(tmp_path / "absent").exists
    assert not read_file(tmp_path / "full" / "below").exists


def test_what_was_read_is_not_shown(tmp_path):
    (tmp_path / "x").write_text("hush")
    assert "hush" not in repr(read_file(tmp_path / "x"))
