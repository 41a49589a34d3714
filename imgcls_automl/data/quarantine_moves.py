"""A quarantine's plan carried out, or an undo's, some files at a time; killed at any moment it loses none.

The manifest's lines of a whole batch are on the disk before the first of its files moves. A line whose file did not
move after all does no harm: an undo passes over what is not in the quarantine, and of several lines for a file the last
one counts.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.moving import hash_file, move_files
from imgcls_automl.data.quarantine import leave_alone
from imgcls_automl.data.quarantine_manifest import Entry, Manifest
from imgcls_automl.data.threads import map_in_order, map_reads
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcls_automl.data.prepare import OnProgress
    from imgcls_automl.data.quarantine import Move, Plan

BATCH = 128  # files that share the flushes to the disk


def carry_out(plan: Plan, *, on_progress: OnProgress = lambda progress: None) -> Plan:
    """Move all files of a quarantine's plan.

    Args:
        plan: What to do.
        on_progress: Told after each batch.

    Returns:
        What was done. Files whose content cannot be read to its end were left alone.

    Raises:
        DatasetError: A file cannot be moved; the others of its batch and all before are moved, and can be moved back.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(plan.folder)
    hashes = map_reads(_try_hash, plan.moves)
    moved: list[Move] = []
    stays = list(plan.stays)
    for batch in _split(plan.moves):
        entries: dict[Move, Entry] = {}
        for move, found in zip(batch, islice(hashes, len(batch)), strict=True):
            if isinstance(found, OSError):
                stays.append(leave_alone(move.source, found))
            else:
                entries[move] = _make_entry(move, found, plan.folder)
        try:
            manifest.add(entries.values())
        except OSError as error:
            raise _stopped(plan, batch[0], error, len(moved)) from error
        _move_batch(plan, list(entries), len(moved), within=plan.folder)
        moved += entries
        on_progress(_tell(len(moved), plan))
    return replace(plan, moves=tuple(moved), stays=tuple(stays))


def carry_back(plan: Plan, *, on_progress: OnProgress = lambda progress: None) -> None:
    """Move all files of an undo's plan.

    Raises:
        DatasetError: A file cannot be moved; the others of its batch and all before are back.
    """
    moved = 0
    for batch in _split(plan.moves):
        _move_batch(plan, batch, moved, within=None)
        moved += len(batch)
        on_progress(_tell(moved, plan))


def _split(moves: Sequence[Move]) -> Iterator[Sequence[Move]]:
    for start in range(0, len(moves), BATCH):
        yield moves[start : start + BATCH]


def _try_hash(move: Move) -> str | OSError:
    try:
        return hash_file(move.source)
    except OSError as error:
        return error


def _make_entry(move: Move, sha256: str, folder: Path) -> Entry:
    return Entry(
        original=str(move.source),
        moved=str(move.target.relative_to(folder)),
        reason=move.reason,
        sha256=sha256,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _move_batch(plan: Plan, batch: Sequence[Move], before: int, *, within: Path | None) -> None:
    """Move some files.

    Args:
        plan: All of them.
        batch: These.
        before: How many were moved already.
        within: A folder that no link may lead them out of.

    Raises:
        DatasetError: Some cannot be moved; the first is named.
    """
    try:
        errors = _try_moves(batch, within)
    except OSError as error:
        raise _stopped(plan, batch[0], error, before) from error
    for move, fault in errors.items():
        if fault is not None:
            moved = before + list(errors.values()).count(None)
            raise _stopped(plan, move, fault, moved) from fault


def _try_moves(batch: Sequence[Move], within: Path | None) -> dict[Move, OSError | None]:
    """Why each file cannot be moved; None where it was. Raises OSError where the disk does not keep the names."""
    folders = list(dict.fromkeys(move.target.parent for move in batch))
    make = partial(_try_folder, within=within)
    faults = dict(zip(folders, map_in_order(make, folders), strict=True))
    errors = {move: faults[move.target.parent] for move in batch}
    ready = [move for move, fault in errors.items() if fault is None]
    moved = move_files([(move.source, move.target) for move in ready])
    return errors | dict(zip(ready, moved, strict=True))


def _try_folder(folder: Path, within: Path | None) -> OSError | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return error
    if within is not None and not Path(os.path.realpath(folder)).is_relative_to(within):
        return OSError(f"{folder} is a link that leads out of {within}")
    return None


def _tell(moved: int, plan: Plan) -> IngestProgress:
    return IngestProgress(stage="moving", done=moved, total=len(plan.moves))


def _stopped(plan: Plan, move: Move, error: OSError, moved: int) -> DatasetError:
    return DatasetError(
        f"{move.source} cannot be moved to {move.target}: {error.strerror or error}.\n"
        f"{moved} of {len(plan.moves)} files were moved. Mend that, and run the same command again."
    )
