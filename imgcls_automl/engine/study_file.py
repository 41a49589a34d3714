"""The SQLite file that holds a run's study: made whole or not at all, opened, refused where Optuna cannot read it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import optuna

from imgcls_automl.errors import RunFolderError
from imgcls_automl.files import flush_folder, replacing
from imgcls_automl.run_checks import LOCK_TIMEOUT, check_study_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy.pool import Pool

_SIDE_FILES = ("-wal", "-shm", "-journal")


def open_study_file(
    path: Path,
    *,
    name: str,
    direction: optuna.study.StudyDirection,
    attributes: Mapping[str, Any],
) -> optuna.Study:
    """Open the study in a file; where it holds none, make it with those user attributes.

    Optuna makes its tables, their indices and the study one after another. A process killed between two of them,
    or a write-ahead log that is cut there, would leave a file that can be opened and fails later. So an empty study
    is made in memory, and its file appears whole.

    Raises:
        RunFolderError: The file is damaged, or another version of Optuna made it.
    """
    check_study_file(path)
    if not _holds_study(path, attributes):
        _make_study_file(path, name=name, direction=direction, attributes=attributes)
    from sqlalchemy.pool import QueuePool

    storage = _make_storage(lambda: _connect(path), QueuePool)
    _refuse_other_schema(storage, path)
    return optuna.load_study(storage=storage, study_name=name)


def close_storage(storage: optuna.storages.RDBStorage) -> None:
    """Close the file, which folds SQLite's write-ahead log into it."""
    storage.remove_session()
    storage.engine.dispose()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _make_storage(
    connect: Callable[[], sqlite3.Connection], pool: type[Pool]
) -> optuna.storages.RDBStorage:
    # Connections come from a function because a URL would stumble over "?" and "{" in the path.
    return optuna.storages.RDBStorage(
        "sqlite://",
        engine_kwargs={"creator": connect, "poolclass": pool},
        skip_compatibility_check=True,  # ours says what to do
    )


def _holds_study(path: Path, attributes: Mapping[str, Any]) -> bool:
    """Whether a file has a study with all its attributes; before it had, no trial was begun."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        if ("study_user_attributes",) not in tables:
            return False
        found = connection.execute("SELECT key FROM study_user_attributes").fetchall()
    return {(key,) for key in attributes} <= set(found)


def _make_study_file(
    path: Path,
    *,
    name: str,
    direction: optuna.study.StudyDirection,
    attributes: Mapping[str, Any],
) -> None:
    from sqlalchemy.pool import StaticPool

    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as memory:
        storage = _make_storage(lambda: memory, StaticPool)
        study = optuna.create_study(storage=storage, study_name=name, direction=direction)
        for key, value in attributes.items():
            study.set_user_attr(key, value)
        with replacing(path) as temporary:
            with closing(sqlite3.connect(temporary)) as file:
                memory.backup(file)
            # Those of a file that was half made, or is gone: SQLite would apply them to the new one.
            for suffix in _SIDE_FILES:
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        flush_folder(path.parent)
        close_storage(storage)


def _refuse_other_schema(storage: optuna.storages.RDBStorage, path: Path) -> None:
    """Raise RunFolderError where the tables are those of an Optuna that is newer or older than the one installed."""
    found = storage.get_current_version()
    if found == storage.get_head_version():
        return
    if found in storage.get_all_versions():
        what = "older"
        advice = f"Bring it up to date: optuna storage upgrade --storage sqlite:///{path.resolve()}"
    else:
        what, advice = "newer", "Update it: pip install --upgrade optuna"
    close_storage(storage)
    raise RunFolderError(
        f"{path} was made by an Optuna that is {what} than the one installed, {optuna.__version__}.\n"
        f"{advice}\n"
        f"Or carry the trials over to a new run: imgcls-automl resume {path.parent} --fork"
    )
