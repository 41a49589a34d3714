"""The checkpoint of a training on the disk: written whole or not at all, the one before it kept."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.files import replacing
from imgcls_automl.training.progress import Epoch, Progress
from imgcls_automl.trial_files import checkpoint_files

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

_ABOUT = "about"  # the array that holds, as JSON, what is no array
_GROUPS = ("weights", "state", "best")  # each an ordered list of arrays


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """A training between two epochs.

    Attributes:
        weights: The network's.
        state: What else its compiled step changes or reads: the optimizer, generators of random numbers, rates.
    """

    weights: list[np.ndarray]
    state: list[np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """All that a task's trainings need to go on as if nothing had happened.

    Attributes:
        key: What they depend on, as JSON values: they go on only where it is the same.
        seconds: They have taken so far.
        trainings: One a fold, in order. All but the last have ended, and hold no weights.
        snapshot: Of the last one; None where it has ended, too.
    """

    key: dict[str, Any]
    seconds: float
    trainings: list[Progress]
    snapshot: Snapshot | None


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a folder's checkpoint, an uncompressed `.npz` of plain arrays; the one before keeps a second name.

    Raises:
        OSError: It cannot be written; what was there before is there still.
    """
    newest, previous = checkpoint_files(folder)
    snapshot, last = checkpoint.snapshot, checkpoint.trainings[-1]
    groups = {
        "weights": snapshot.weights if snapshot else [],
        "state": snapshot.state if snapshot else [],
        "best": last.best_weights,
    }
    about = {
        "key": checkpoint.key,
        "seconds": checkpoint.seconds,
        "trainings": [_describe(progress) for progress in checkpoint.trainings],
        "arrays": {name: len(arrays) for name, arrays in groups.items()},
        "ended": snapshot is None,
    }
    named = {
        f"{name}-{place}": array
        for name, arrays in groups.items()
        for place, array in enumerate(arrays)
    }
    named[_ABOUT] = np.frombuffer(json.dumps(about).encode(), "uint8")
    with replacing(newest) as temporary:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **named)
        if newest.is_file():  # until the new one has its name, the reader finds this one
            newest.replace(previous)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Read the newest of a folder's two checkpoints that can be read; None where there is none."""
    for file in checkpoint_files(folder):
        if not file.is_file():
            continue
        try:
            return _read(file)
        # A damaged archive makes zipfile and NumPy raise almost anything.
        except Exception as error:
            logger.warning("%s cannot be read, and is passed over: %s", file, error)
    return None


def _read(file: Path) -> Checkpoint:
    with zipfile.ZipFile(file) as archive:
        # Each array is read as a whole first, which compares it with the checksum (CRC-32) it was written with.
        content = {name: archive.read(name) for name in archive.namelist()}
    arrays = {
        name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
        for name, data in content.items()
    }
    about = json.loads(arrays[_ABOUT].tobytes())
    weights, state, best = (
        [arrays[f"{name}-{place}"] for place in range(about["arrays"][name])] for name in _GROUPS
    )
    trainings = [_restore(values) for values in about["trainings"]]
    trainings[-1].best_weights = best
    return Checkpoint(
        key=about["key"],
        seconds=about["seconds"],
        trainings=trainings,
        snapshot=None if about["ended"] else Snapshot(weights=weights, state=state),
    )


def _describe(progress: Progress) -> dict[str, Any]:
    return {
        "epochs": [asdict(epoch) for epoch in progress.epochs],
        "best": progress.best.number if progress.best else None,
        "ends": progress.ends,
        "stopped": progress.stopped,
    }


def _restore(values: dict[str, Any]) -> Progress:
    epochs = [Epoch(**epoch) for epoch in values["epochs"]]
    best = values["best"]
    return Progress(
        epochs=epochs,
        best=None if best is None else epochs[best - 1],
        ends=tuple(values["ends"]),
        stopped=values["stopped"],
    )
