"""What the disk and SQLite say when a run cannot be kept, in words for the user."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.errors import RunFolderError
from imgcls_automl.files import REFUSED, tells_no_room

if TYPE_CHECKING:
    from collections.abc import Iterator

# What SQLite says, and what it means. Its other answers to a file are that it is damaged.
_LOCKED = ("database is locked", "database table is locked", "locking protocol")
_FULL = ("database or disk is full", "disk I/O error")
_READ_ONLY = ("attempt to write a readonly database", "unable to open database file")
_DAMAGED = (
    *("malformed", "file is not a database", "no such table", "no such column", "corrupt"),
    *("rows were found when", "row was found when"),
)
_WRONG_ROWS = ("MultipleResultsFound", "NoResultFound")  # SQLAlchemy's, of tables that do not fit


@contextmanager
def telling_storage_errors(folder: Path) -> Iterator[None]:
    """Turn a full or read-only disk, and a locked or damaged study, into a RunFolderError.

    Args:
        folder: The run folder.
    """
    try:
        yield
    except RunFolderError:
        raise
    except Exception as error:
        described = describe_storage_error(error, folder)
        if described is None:
            raise
        raise RunFolderError(described) from error


def describe_storage_error(error: BaseException, folder: Path) -> str | None:
    """What a failure to keep or read a run means to its user; None where it is no such failure."""
    if tells_no_room(error):
        return _describe_no_room(folder)
    if tells_refusal(error, folder):
        assert isinstance(error, OSError)
        return (
            f"{error.filename} cannot be written: {error.strerror}.\n"
            "Make the run folder writable, or copy it to a disk that is, and resume it there."
        )
    answer = _find_database_answer(error)
    if answer is None:
        return None
    said = str(answer)
    study = folder / "study.db"
    if any(words in said for words in _LOCKED):
        return (
            f"{study} was locked by another process for too long.\n"
            f"Close whatever has it open; results are on the disk: imgcls-automl resume {folder}"
        )
    if any(words in said for words in _FULL):
        return _describe_no_room(folder)
    if any(words in said for words in _READ_ONLY):
        return f"{study} cannot be written: {said}.\nMake the run folder writable and resume it."
    if any(words in said for words in _DAMAGED):
        return describe_damaged_study(folder, said)
    return None


def tells_refusal(error: BaseException, folder: Path) -> bool:
    """Whether the system refuses to write a file in a folder, or to read it."""
    return (
        isinstance(error, OSError)
        and error.errno in REFUSED
        and error.filename is not None
        and Path(error.filename).absolute().is_relative_to(folder.absolute())
    )


def tells_broken_storage(error: BaseException) -> bool:
    """Whether a study cannot be kept or read, whatever it was asked; what it was asked may be wrong otherwise."""
    import sqlite3

    answer = _find_database_answer(error)
    # Its other subclasses tell of values that no database takes.
    broken = isinstance(answer, sqlite3.OperationalError) or type(answer) is sqlite3.DatabaseError
    return broken or tells_no_room(error)


def describe_damaged_study(folder: Path, what: str) -> str:
    """What to do about a study that cannot be read."""
    return (
        f"{folder / 'study.db'} is damaged: {what}.\n"
        "Restore it from a copy, or carry the trials' own files over to a new run: "
        f"imgcls-automl resume {folder} --fork"
    )


def _describe_no_room(folder: Path) -> str:
    finished = len(list(folder.glob("trials/*/result.json")))
    advice = (
        f"All finished trials are saved. Free some space, then: imgcls-automl resume {folder}"
        if finished
        else "No trial was finished yet. Free some space, or name a folder on another disk: --out DIR"
    )
    return f"The disk is full, or a limit on file sizes is reached: {folder} could not be written.\n{advice}"


def _find_database_answer(error: BaseException) -> Exception | None:
    """What SQLite said, or its rows show, wherever in the chain of Optuna's and SQLAlchemy's errors."""
    import sqlite3

    found: BaseException | None = error
    while found is not None:
        if isinstance(found, sqlite3.Error) or type(found).__name__ in _WRONG_ROWS:
            assert isinstance(found, Exception)
            return found
        found = found.__cause__ or found.__context__
    return None
