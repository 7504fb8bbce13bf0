"""Whole-or-nothing writing."""

import errno
import os

import pytest

from chainrule import files
from chainrule.errors import OutputError


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "model"
    files.write_whole(path, b"old", "test")

    def full_disk(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OutputError, match="No space left on device"):
        files.write_whole(path, b"new", "test")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_replaces_the_old_file(tmp_path):
    files.write_whole(tmp_path / "a", b"old", "test")
    files.write_whole(tmp_path / "a", b"new", "test")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_checking_leaves_no_file_and_refuses_a_folder(tmp_path):
    files.check_writable(tmp_path / "a", "test")
    assert list(tmp_path.iterdir()) == []
    for folder in (tmp_path, ".", "/"):
        with pytest.raises(OutputError, match="Is a directory"):
            files.check_writable(folder, "test")
        with pytest.raises(OutputError, match="Is a directory"):
            files.write_whole(folder, b"", "test")


def test_a_link_is_followed_and_permissions_stay(tmp_path):
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "target").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    files.write_whole(tmp_path / "link", b"new", "test")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o600


def test_a_pipe_is_refused_and_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for attempt in (files.check_writable, lambda path, call: files.write_whole(path, b"", call)):
        with pytest.raises(OutputError, match="Not a regular file"):
            attempt(tmp_path / "pipe", "test")
    assert (tmp_path / "pipe").is_fifo()
