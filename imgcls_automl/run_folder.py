"""The run folder: its fixed names, its lock, and run.json."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import ImgclsError, RunFolderError
from imgcls_automl.files import read_json, write_json
from imgcls_automl.run_lock import LOCK, locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_automl.config import RunConfig

SCHEMA_VERSION = 1
# Anything else is a bug, and leaves the folder, whose log tells of it.
_ENDS_BEFOREHAND = (ImgclsError, KeyboardInterrupt)
_NAMES_TRIED = 20  # of the names made from space, data and time


class RunFolder:
    """Paths of one run and what its run.json holds.

    Attributes:
        path: The folder.
        record: run.json, as last written.
        search_began: Whether this process has come as far as the first trial.
    """

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.path = path
        self.record = record
        self.search_began = False
        self._opened = time.time()
        self._spent = float(record.get("elapsed_seconds", 0.0))

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def trials(self) -> Path:
        return self.path / "trials"

    @property
    def best(self) -> Path:
        return self.path / "best"

    @property
    def study(self) -> Path:
        return self.path / "study.db"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    def update(self, **values: Any) -> None:
        """Change entries of run.json, and write it."""
        self.record = {**self.record, **values}
        write_json(self.path / "run.json", self.record)

    def note_elapsed(self) -> None:
        """Write how long all commands on this run have taken until now, in seconds."""
        self.update(elapsed_seconds=round(self._spent + time.time() - self._opened, 3))

    def note_time(self, stage: str, seconds: float) -> None:
        """Add to the seconds run.json holds for a stage."""
        timings = self.record["timings"]
        self.update(timings={**timings, stage: round(timings.get(stage, 0.0) + seconds, 3)})


def now() -> str:
    """The time as run.json holds it: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def new_run_folder(config: RunConfig) -> Iterator[RunFolder]:
    """Make a run folder, locked while the block runs.

    Where the block raises before `search_began` is set, the folder is removed again: a run that never
    began leaves nothing behind.

    Raises:
        RunFolderError: The folder exists, or cannot be made.
    """
    path, parents = _make_folder(config)
    folder = RunFolder(path, {"schema_version": SCHEMA_VERSION})
    try:
        with locked(path), _emptied_if_nothing_began(folder):
            for part in (folder.data, folder.trials, folder.best):
                part.mkdir()
            yield folder
    except _ENDS_BEFOREHAND:
        if not folder.search_began:
            (path / LOCK).unlink(missing_ok=True)
            with suppress(OSError):  # another run may have put its folder there meanwhile
                for made in (path, *parents):  # the innermost first; only what was made here
                    made.rmdir()
        raise


@contextmanager
def _emptied_if_nothing_began(folder: RunFolder) -> Iterator[None]:
    """Empty a run's folder where its search did not begin, while its lock is held.

    Once the lock is free, there is no run.json any more that a `resume` could take the folder for a run by.
    """
    try:
        yield
    except _ENDS_BEFOREHAND:
        if not folder.search_began:
            for part in folder.path.iterdir():
                if part.is_dir():
                    shutil.rmtree(part)
                elif part.name != LOCK:
                    part.unlink()
        raise


@contextmanager
def existing_run_folder(path: Path) -> Iterator[RunFolder]:
    """Open a run folder to go on with it, locked while the block runs.

    Raises:
        RunFolderError: It is no run folder, is in use, is damaged or was written by a newer version.
    """
    read_run_record(path)  # before a lock file is put into a folder of something else
    with locked(path):
        # Read again: whoever held the lock until now may have written it.
        yield RunFolder(path, read_run_record(path))


def read_run_record(path: Path) -> dict[str, Any]:
    """Read run.json.

    Raises:
        RunFolderError: It is not there, cannot be read, or was written by a newer version.
    """
    file = path / "run.json"
    if not file.is_file():
        raise RunFolderError(_describe_missing_record(path))
    try:
        record = read_json(file)
        version = record["schema_version"]
        newer = version > SCHEMA_VERSION
    except (ValueError, KeyError, TypeError):
        raise RunFolderError(
            f"{file} is damaged and cannot be read.\nRestore it from a copy, or search again into a new folder."
        ) from None
    if newer:
        raise RunFolderError(
            f"{file} was written by a newer imgcls-automl (schema {version}; this one reads {SCHEMA_VERSION}).\n"
            "Update imgcls-automl to go on with it."
        )
    return dict(record)


def _describe_missing_record(path: Path) -> str:
    if (path / LOCK).is_file() and not (path / "study.db").exists():
        return (
            f"{path} holds nothing of a run yet: its search was ended as it began, or is just beginning.\n"
            "If none is running, remove the folder and search again."
        )
    return f"{path} is no run folder: it has no run.json.\nName the folder a search has made."


def _make_folder(config: RunConfig) -> tuple[Path, list[Path]]:
    """Make the folder, and tell which parents it needed, the innermost first."""
    for attempt in range(_NAMES_TRIED):
        path = config.out or _free_name(config)
        try:
            parents = [parent for parent in path.parents if not parent.exists()]
            path.mkdir(parents=True)
        except FileExistsError:
            if config.out is None and attempt < _NAMES_TRIED - 1:
                continue  # another search took the name a moment ago
            raise RunFolderError(
                f"--out: {path} exists already.\nName another folder, or go on with it: imgcls-automl resume {path}"
            ) from None
        except OSError as error:
            raise RunFolderError(f"--out: {path} cannot be made: {error.strerror}.") from None
        return path, parents
    raise AssertionError("the last attempt returns or raises")


def _free_name(config: RunConfig) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = [re.split(r"[/\\]", source.rstrip("/\\"))[-1] for source in config.data]
    data = " ".join(name.partition(".")[0] for name in names)
    stem = "-".join((_slug(config.space.rpartition(":")[2]), _slug(data), moment))
    free = (
        Path("runs") / (stem if number == 1 else f"{stem}-{number}") for number in range(1, 1000)
    )
    return next(name for name in free if not name.exists())


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:40] or "data"
