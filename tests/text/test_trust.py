"""Who could have put something at a path."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from synfinance_settings.text.trust import distrusted_file, distrusted_folder

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs a machine where the tests run as root")


@pytest.fixture
def folder(tmp_path):
    """A folder two below one of ours."""
    (tmp_path / "above" / "ours").mkdir(parents=True)
    return tmp_path / "above" / "ours"


def test_a_folder_of_ours_is_trusted_and_so_is_one_that_is_not_there_yet(folder):
    for mode in (0o700, 0o755, 0o500):
        folder.chmod(mode)
        assert distrusted_folder(folder) is None
    assert distrusted_folder(folder / "not" / "there") is None
    assert distrusted_folder(folder / "not" / ".." / "there") is None


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o722, 0o702, 0o1777])
def test_a_folder_that_others_can_write_is_not(folder, mode):
    folder.chmod(mode)
    found = distrusted_folder(folder)
    assert str(found) == f"{folder} can be written by others (mode {mode:04o})"
    assert found.mend == f"chmod go-w {folder}"
    subprocess.run(shlex.split(found.mend), check=True)
    assert distrusted_folder(folder) is None


@pytest.mark.parametrize(("mode", "is_trusted"), [(0o777, False), (0o775, False), (0o1777, True)])
def test_a_folder_above_counts_unless_it_is_sticky(folder, mode, is_trusted):
    folder.parent.chmod(mode)
    found = distrusted_folder(folder)
    assert (found is None) == is_trusted
    assert is_trusted or found.mend == f"chmod go-w {folder.parent}"
    assert distrusted_folder(folder.parent / "not there") == found


@needs_root
@pytest.mark.parametrize("foreign", ["ours", "."])
def test_a_folder_of_another_user_is_not(folder, foreign):
    target = folder.parent / foreign
    os.chown(target, 1234, 1234)
    found = distrusted_folder(folder)
    assert str(found) == f"{target} belongs to user 1234"
    assert f"chown -hR {os.geteuid()} {target}" in found.mend


def test_a_link_of_ours_is_judged_by_what_it_leads_to(folder, tmp_path):
    (tmp_path / "link").symlink_to("above/ours")
    assert distrusted_folder(tmp_path / "link") is None
    folder.parent.chmod(0o777)
    assert distrusted_folder(tmp_path / "link").mend == f"chmod go-w {folder.parent}"


@needs_root
def test_a_link_of_another_user_is_not_trusted(folder, tmp_path):
    for target in (folder, "above/ours"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to(target)
        os.chown(tmp_path / "link", 1234, 1234, follow_symlinks=False)
        assert str(distrusted_folder(tmp_path / "link" / "below")) == f"{tmp_path}/link is a link of user 1234"


def test_links_in_a_circle_and_a_file_on_the_way_are_faults_of_the_system(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "a", tmp_path / "file" / "folder"):
        with pytest.raises(OSError, match=r"symbolic links|directory"):
            distrusted_folder(path)


def test_a_file_is_trusted_where_only_we_can_write_it(tmp_path):
    path = tmp_path / "odd name; $(x)"
    path.write_text("")
    for mode, is_trusted in ((0o600, True), (0o644, True), (0o666, False), (0o620, False)):
        path.chmod(mode)
        found = distrusted_file(path, path.stat())
        assert (found is None) == is_trusted
        assert is_trusted or found.mend == f"chmod go-w '{path}'"
    assert "not a regular file" in distrusted_file(tmp_path, tmp_path.stat()).fault
    (tmp_path / "link").symlink_to(path)
    assert "not a regular file" in distrusted_file(tmp_path / "link", os.lstat(tmp_path / "link")).fault


@needs_root
def test_a_file_of_another_user_is_not_trusted(tmp_path: Path):
    (tmp_path / "x").write_text("")
    os.chown(tmp_path / "x", 1234, 1234)
    assert "belongs to user 1234" in distrusted_file(tmp_path / "x", (tmp_path / "x").stat()).fault
