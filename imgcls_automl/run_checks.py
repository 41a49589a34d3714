"""The files of a run that is to be resumed, looked through before anything is started: damage is told at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from imgcls_automl.errors import RunFolderError
from imgcls_automl.storage_errors import describe_damaged_study
from imgcls_automl.trial_files import CANDIDATE, RESULT, read_candidate, read_result

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.run_folder import RunFolder

LOCK_TIMEOUT = 60.0  # seconds to wait for another process's write


def check_run_files(folder: RunFolder) -> None:
    """Read the study's file and those of every trial that has ended.

    Raises:
        RunFolderError: One of them is damaged.
        sqlite3.Error: The study's file cannot be read at all.
    """
    check_study_file(folder.study)
    for trial in folder.trials.iterdir() if folder.trials.is_dir() else ():
        if (trial / RESULT).is_file():
            read_result(trial)
            if (trial / CANDIDATE).is_file():
                read_candidate(trial)


def check_study_file(path: Path) -> None:
    """Refuse a damaged study before anybody writes to it.

    Raises:
        RunFolderError: SQLite finds it damaged.
        sqlite3.Error: SQLite cannot read it at all.
    """
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise RunFolderError(describe_damaged_study(path.parent, found))
