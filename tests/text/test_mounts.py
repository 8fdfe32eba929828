"""Which file systems say at once that a file has changed."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from synfinance_settings.text import mounts

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
30 27 0:40 / /mnt/layers rw shared:1 master:2 - nfs4 server:/layers rw,vers=4.2
31 27 0:41 / /run/secrets rw - tmpfs tmpfs rw,size=64k
32 27 0:4 / /mnt/made rw - fuse.sshfs sshfs rw
33 27 0:42 / / rw - overlay overlay rw,lowerdir=/a:/b
"""


@pytest.fixture
def says(monkeypatch, tmp_path):
    """What is said of a device, with these mounts."""

    def says(major, minor, text=MOUNTS):
        (tmp_path / "mountinfo").write_text(text)
        monkeypatch.setattr(mounts, "_MOUNTS", tmp_path / "mountinfo")
        there = SimpleNamespace(st_dev=os.makedev(major, minor))
        here = SimpleNamespace(stat=lambda path: there, major=os.major, minor=os.minor)
        monkeypatch.setattr(mounts, "os", here)
        mounts._says_changes.cache_clear()
        return mounts.says_changes(tmp_path)

    yield says
    mounts._says_changes.cache_clear()


@pytest.mark.parametrize(("minor", "expected"), [(40, False), (41, True), (4, False), (42, True), (99, False)])
def test_what_is_on_no_disk_is_known_by_its_type(says, minor, expected):
    assert says(0, minor) is expected


def test_a_disk_says_what_changes(says):
    assert says(254, 0) is True


@pytest.mark.parametrize("text", ["", "nothing of the kind\n", "1 2 0:41\n"])
def test_where_nothing_can_be_told_nothing_is_believed(says, text):
    assert says(0, 41, text) is False


def test_a_folder_that_is_not_there_would_be_where_its_parents_are(tmp_path):
    assert mounts.says_changes(tmp_path / "not" / "there") is mounts.says_changes(tmp_path)


def test_what_is_no_path_says_nothing(tmp_path):
    assert mounts.says_changes(tmp_path / "\0") is False
