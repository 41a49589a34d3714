"""A full disk, a read-only folder, a locked or damaged study: each told as what it is."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from imgcls_automl.engine.study import close_study, open_study
from imgcls_automl.errors import ConfigError, RunFolderError
from imgcls_automl.files import tells_no_room, write_text
from imgcls_automl.storage_errors import telling_storage_errors


@pytest.fixture
def refusal(tmp_path):
    """What is told of an error."""

    def tell(error):
        with pytest.raises(RunFolderError) as caught, telling_storage_errors(tmp_path):
            raise error
        assert 1 <= len(str(caught.value).splitlines()) <= 3
        return str(caught.value)

    return tell


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_without_room(refusal, code):
    assert "The disk is full" in refusal(OSError(code, os.strerror(code)))


def test_words_of_a_library_that_writes_itself():
    assert tells_no_room(RuntimeError("cannot flush (errno = 28, No space left on device)"))
    assert not tells_no_room(RuntimeError("no such layer"))


def test_the_same_as_the_cause_of_another_error(refusal):
    cause = OSError(errno.ENOSPC, "No space left on device")
    error = RuntimeError("while saving")
    error.__cause__ = cause
    assert "The disk is full" in refusal(error)


def test_a_study_that_is_locked_too_long(refusal):
    told = refusal(sqlite3.OperationalError("database is locked"))
    assert "was locked by another process for too long" in told
    assert "imgcls-automl resume" in told


def test_a_folder_that_cannot_be_written(refusal, tmp_path):
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "run.json"))
    assert "run.json cannot be written: Permission denied" in refusal(error)


def test_a_disk_that_fails(refusal, tmp_path):
    error = OSError(errno.EIO, "Input/output error", str(tmp_path / "trials" / "0" / "result.json"))
    assert "result.json cannot be written: Input/output error" in refusal(error)


@pytest.mark.parametrize("error", [ValueError("ours"), PermissionError(13, "denied", "/other")])
def test_what_is_no_trouble_of_the_run_s_disk_stays_what_it_is(tmp_path, error):
    with pytest.raises(type(error)), telling_storage_errors(tmp_path):
        raise error


def test_a_file_over_the_limit_leaves_what_was_there(tmp_path):
    path = tmp_path / "run.json"
    write_text(path, "before")
    code = (
        "import sys; from pathlib import Path; from imgcls_automl.files import *\n"
        f"try: write_text(Path({str(path)!r}), 'x' * 5000)\n"
        "except OSError as error: sys.exit(0 if tells_no_room(error) else 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
        check=False,
    )
    assert done.returncode == 0
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


class TestADamagedStudy:
    @pytest.fixture
    def study_file(self, tmp_path):
        close_study(open_study(tmp_path / "study.db", metric="accuracy"))
        return tmp_path / "study.db"

    def test_cut_short_it_is_refused_before_anything_is_written(self, study_file):
        whole = study_file.read_bytes()
        for size in (50, 4000, len(whole) // 2):
            study_file.write_bytes(whole[:size])
            with (
                pytest.raises(RunFolderError, match=r"study.db is damaged") as caught,
                telling_storage_errors(study_file.parent),
            ):
                open_study(study_file, metric="accuracy")
            assert "--fork" in str(caught.value)
            assert study_file.read_bytes() == whole[:size]

    def test_one_of_another_metric_is_refused(self, study_file):
        with pytest.raises(ConfigError, match="The metric has changed since this run began: it wa"):
            open_study(study_file, metric="log_loss")

    def test_a_whole_one_is_opened(self, study_file):
        close_study(open_study(study_file, metric="accuracy"))
        with closing(sqlite3.connect(study_file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
