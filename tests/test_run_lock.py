"""The lock of a run folder: one process at a time, nothing left behind by a dead one, clear words where it fails."""

from __future__ import annotations

import errno
import fcntl
import os

import pytest

from imgcls_automl.errors import RunFolderError
from imgcls_automl.run_lock import LOCK, locked


def test_a_folder_is_locked_once_at_a_time(tmp_path):
    with (
        locked(tmp_path),
        pytest.raises(RunFolderError, match="is in use by another imgcls-automl"),
    ):
        locked(tmp_path).__enter__()
    with locked(tmp_path):
        pass


def test_a_lock_file_that_nobody_holds_locks_nothing(tmp_path):
    (tmp_path / LOCK).write_text("12345 of a process that was killed")
    with locked(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_is_read_only_is_told(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(RunFolderError, match="cannot be written: Permission denied"):
        locked(tmp_path).__enter__()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EIO])
def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)  # no network mount is at hand
    with pytest.raises(RunFolderError, match="cannot be locked") as caught:
        locked(tmp_path).__enter__()
    assert "Put the run folder on a local disk" in str(caught.value)
