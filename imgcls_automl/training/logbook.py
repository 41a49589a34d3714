"""How far a task's trainings have come, kept in checkpoints so that a killed task goes on after its last epochs."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import keras

from imgcls_automl.errors import RunFolderError
from imgcls_automl.training.checkpoint import (
    Checkpoint,
    Snapshot,
    read_checkpoint,
    write_checkpoint,
)
from imgcls_automl.training.progress import Progress
from imgcls_automl.trial_files import drop_checkpoints, has_checkpoint, read_candidate

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.training.bench import TrainingTask
    from imgcls_automl.training.program import Program
    from imgcls_automl.trial_files import StoredCandidate

logger = logging.getLogger(__name__)

LEAST_SECONDS = 1.0  # between two checkpoints: what may be lost to a kill is not worth more writing
SHARE = 0.02  # of the time at most goes into writing them


class Logbook:
    """How far a task's trainings have come, in this process or in one that was killed.

    Args:
        folder: Where checkpoints lie.
        task: Seed, epochs and precision; trainings of other ones are not gone on with.
        stored: What is trained, likewise.

    Attributes:
        stored: What is trained.
        trainings: Those that have begun, in the order of the folds.
        snapshot: Where the last of them stood when the process was killed that began it; else None.
        before: Seconds that they had taken by then.
    """

    def __init__(self, folder: Path, task: TrainingTask, stored: StoredCandidate) -> None:
        self.stored = stored
        self.trainings: list[Progress] = []
        self.snapshot: Snapshot | None = None
        self._folder = folder
        self._key = _make_key(task, stored)
        self.before = 0.0
        self._begun = time.monotonic()
        self._due = self._begun + LEAST_SECONDS
        found = read_checkpoint(folder) if has_checkpoint(folder) else None
        if found is not None and found.key == self._key:
            self.trainings, self.snapshot = found.trainings, found.snapshot
            self.before = found.seconds
            logger.info("%s goes on after %d epochs.", folder, self.epochs)
        elif found is not None:
            logger.warning("%s begins anew: its checkpoint is of another training.", folder)

    @property
    def seconds(self) -> float:
        """What the trainings have taken, those of a killed process included."""
        return self.before + time.monotonic() - self._begun

    @property
    def epochs(self) -> int:
        """How many have been finished, of all trainings."""
        return sum(len(progress.epochs) for progress in self.trainings)

    def has_ended(self, place: int) -> bool:
        """Whether the training of the fold at this place, from 0, ended before the process was killed."""
        return place < len(self.trainings) - (self.snapshot is not None)

    def begin(self) -> Progress:
        """Begin the next training, or take up the one that `snapshot` is of."""
        if self.snapshot is None:
            self._write_if_due(None)
            self.trainings.append(Progress())
        return self.trainings[-1]

    def keep(self, program: Program) -> None:
        """Write a checkpoint between two epochs of the last training, if the last one is long enough ago."""
        self._write_if_due(program)

    def end_training(self) -> None:
        """The last training has ended, and its weights are where they belong: the memory they took is free again."""
        self.trainings[-1].best_weights = []
        self.snapshot = None

    def close(self) -> None:
        """Remove the checkpoints: the task's result is on the disk."""
        drop_checkpoints(self._folder)

    def _write_if_due(self, program: Program | None) -> None:
        if time.monotonic() < self._due or not self.trainings:
            return
        began = time.monotonic()
        snapshot = (
            Snapshot(weights=program.get_weights(), state=program.get_state()) if program else None
        )
        checkpoint = Checkpoint(
            key=self._key, seconds=self.seconds, trainings=self.trainings, snapshot=snapshot
        )
        try:
            write_checkpoint(self._folder, checkpoint)
        except OSError as error:  # such as a full disk: a training needs no checkpoint to go on
            logger.warning("No checkpoint could be written in %s: %s", self._folder, error)
        took = time.monotonic() - began
        self._due = began + took + max(LEAST_SECONDS, took / SHARE)


def recall_candidate(folder: Path) -> StoredCandidate | None:
    """The candidate that a killed process was training in a folder; None where it has to be drawn."""
    if not has_checkpoint(folder):
        return None
    try:
        return read_candidate(folder)
    except (OSError, RunFolderError) as error:
        # Drawn again it is the same: the study holds its parameters.
        logger.warning("The candidate in %s cannot be read: %s", folder, error)
        return None


def _make_key(task: TrainingTask, stored: StoredCandidate) -> dict[str, Any]:
    key = {
        "seed": task.seed,
        "epochs": task.epochs,
        "precision": task.precision,
        "model": dict(stored.candidate.model),
        "training": asdict(stored.candidate.training),
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
    }
    read_back: dict[str, Any] = json.loads(json.dumps(key))
    return read_back
