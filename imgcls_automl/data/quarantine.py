"""Unreadable files set aside and brought back: planned first, so that all that is refused is refused beforehand."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.data.moving import hash_file, move_file
from imgcls_automl.data.quarantine_manifest import MANIFEST, Entry, Manifest, read_manifest
from imgcls_automl.errors import ConfigError, DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def plan_quarantine(source: str, files: Sequence[UnreadableFile], folder: Path) -> Plan:
    """Plan to move files into `folder`, each to its path relative to the source.

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
    for file in files:
        path = Path(os.path.realpath(file.path.parent), file.path.name)
        fault = _find_fault(path, root)
        if fault is None:
            moves[path] = Move(
                source=path, target=target / path.relative_to(root), reason=file.reason
            )
        else:
            stays.append(Stay(path=path, reason=fault))
    _refuse_taken(moves.values())
    return Plan(folder=target, moves=tuple(moves.values()), stays=tuple(stays))


def carry_out(plan: Plan) -> None:
    """Move all files of a quarantine's plan, each after its line of the manifest is on the disk.

    Raises:
        DatasetError: A file cannot be moved; those before it are moved, and can be moved back.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(plan.folder)
    for number, move in enumerate(plan.moves):
        try:
            manifest.add(
                Entry(
                    original=str(move.source),
                    moved=str(move.target.relative_to(plan.folder)),
                    reason=move.reason,
                    sha256=hash_file(move.source),
                    time=datetime.now(UTC).isoformat(timespec="seconds"),
                )
            )
            _move(move, plan.folder)
        except OSError as error:
            raise _stopped(move, number, len(plan.moves), error) from error


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


def carry_back(plan: Plan) -> None:
    """Move all files of an undo's plan.

    Raises:
        DatasetError: A file cannot be moved; those before it are back.
    """
    for number, move in enumerate(plan.moves):
        try:
            _move(move, None)
        except OSError as error:
            raise _stopped(move, number, len(plan.moves), error) from error


def _find_fault(path: Path, root: Path) -> str | None:
    """Why a file is left alone; None where it may be moved."""
    if root not in path.parents:
        return f"it lies outside of {root}"
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            return "it is no regular file"
        hash_file(path)
    except OSError as error:
        return f"its content cannot be had ({error.strerror}), so it may be a good picture"
    return None


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
    return move.target.is_dir() or hash_file(move.target) != hash_file(move.source)


def _move(move: Move, within: Path | None) -> None:
    folder = move.target.parent
    folder.mkdir(parents=True, exist_ok=True)
    if within is not None and not Path(os.path.realpath(folder)).is_relative_to(within):
        raise OSError(f"{folder} is a link that leads out of {within}")
    move_file(move.source, move.target)


def _stopped(move: Move, number: int, total: int, error: OSError) -> DatasetError:
    return DatasetError(
        f"{move.source} cannot be moved to {move.target}: {error.strerror or error}.\n"
        f"{number} of {total} files were moved. Mend that, and run the same command again."
    )
