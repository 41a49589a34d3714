"""Which unreadable files to set aside, or bring back: planned, so that all that is refused is refused beforehand."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.moving import are_same
from imgcls_automl.data.pace import Pace
from imgcls_automl.data.quarantine_manifest import MANIFEST, read_manifest
from imgcls_automl.data.threads import map_reads
from imgcls_automl.errors import ConfigError, DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcls_automl.data.prepare import OnProgress
    from imgcls_automl.data.unreadable_files import UnreadableFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A file to be moved, from one absolute path to another, and why it cannot be read."""

    source: Path
    target: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A file that stays where it is, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done: moves into `folder`, or out of it, and files that are left alone."""

    folder: Path
    moves: tuple[Move, ...]
    stays: tuple[Stay, ...]


def check_folder(source: str, folder: Path) -> None:
    """Refuse a quarantine that would mix with other files, or be read as data.

    Raises:
        ConfigError: It lies in the source, or holds files that were not moved there by a quarantine.
    """
    inside = os.path.realpath(folder)
    root = os.path.realpath(source)
    if os.path.isdir(source) and (inside == root or inside.startswith(root + os.sep)):  # noqa: PTH112 - it never raises
        raise ConfigError(
            f"{folder} lies in the data itself, where its pictures would be read again.\n"
            "Name a folder outside of it: --to DIR"
        )
    if os.path.lexists(folder) and not folder.is_dir():
        raise ConfigError(f"{folder} is a file.\nName a folder: --to DIR")
    if folder.is_dir() and not (folder / MANIFEST).exists() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} holds files already, and no {MANIFEST} of a quarantine.\n"
            "Name a new or an empty folder: --to DIR"
        )


def plan_quarantine(
    source: str,
    files: Sequence[UnreadableFile],
    folder: Path,
    *,
    on_progress: OnProgress = lambda progress: None,
) -> Plan:
    """Plan to move files into `folder`, each to its path relative to the source.

    Files are opened and no more than a byte of each is read.

    Left alone are files outside of the source's tree (of a table's folder, where the source is a file), and those whose
    content cannot be had: a picture that may not be opened may be a good one.

    Raises:
        ConfigError: A file of the same name is in the quarantine.
    """
    place = Path(os.path.realpath(source))
    root = place if place.is_dir() else place.parent
    target = Path(os.path.realpath(folder))
    moves: dict[Path, Move] = {}
    stays = []
    found = map_reads(partial(_open_file, root=root), files)
    pace = Pace()
    for done, (file, (path, fault)) in enumerate(zip(files, found, strict=True), start=1):
        if fault is None:
            moves[path] = Move(
                source=path, target=target / path.relative_to(root), reason=file.reason
            )
        else:
            stays.append(Stay(path=path, reason=fault))
        if pace.is_due():
            on_progress(IngestProgress(stage="opening", done=done, total=len(files)))
    _refuse_taken(moves.values())
    return Plan(folder=target, moves=tuple(moves.values()), stays=tuple(stays))


def plan_undo(folder: Path) -> Plan:
    """Plan to move everything in a quarantine back to where it was.

    Raises:
        DatasetError: It is no quarantine, its manifest is damaged, or a file would be overwritten.
    """
    target = Path(os.path.realpath(folder))
    moves = [
        Move(source=target / entry.moved, target=Path(entry.original), reason=entry.reason)
        for entry in read_manifest(folder)
    ]
    moves = [move for move in moves if os.path.lexists(move.source)]
    taken = [move for move in moves if _is_taken(move)]
    if taken:
        raise DatasetError(
            f"{len(taken)} of {len(moves)} files would overwrite others, the first of them {taken[0].target}.\n"
            "Move those away first; nothing was moved back."
        )
    return Plan(folder=target, moves=tuple(moves), stays=())


def leave_alone(path: Path, error: OSError) -> Stay:
    """Leave a file of unknown content alone."""
    return Stay(path=path, reason=_describe_unreadable(error))


def _open_file(file: UnreadableFile, root: Path) -> tuple[Path, str | None]:
    """Where a file really is, and why it is left alone; None where it may be moved."""
    path = Path(os.path.realpath(file.path.parent), file.path.name)
    return path, _find_fault(path, root)


def _find_fault(path: Path, root: Path) -> str | None:
    if root not in path.parents:
        return f"it lies outside of {root}"
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            return "it is no regular file"
        if stat.S_ISREG(mode):
            _read_byte(path)
    except OSError as error:
        return _describe_unreadable(error)
    return None


def _read_byte(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        file.read(1)


def _describe_unreadable(error: OSError) -> str:
    return f"its content cannot be had ({error.strerror}), so it may be a good picture"


def _refuse_taken(moves: Iterable[Move]) -> None:
    taken = [move.target for move in moves if _is_taken(move)]
    if taken:
        raise ConfigError(
            f"The quarantine has {taken[0]} already, another file of that name"
            + (f" (and {len(taken) - 1} more)" if len(taken) > 1 else "")
            + ".\nNothing was moved. Name another folder: --to DIR"
        )


def _is_taken(move: Move) -> bool:
    """Whether a target is another file; the same one was left by a move that was killed half-way."""
    if not os.path.lexists(move.target):
        return False
    return move.target.is_dir() or not are_same(move.source, move.target)
