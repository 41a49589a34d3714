"""Watches a training: scores each epoch, keeps the best weights, and stops it where that is due."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from imgcls_automl.executors.causes import TIMEOUT
from imgcls_automl.pacing import RECENT, shorten_phases
from imgcls_automl.training.progress import Epoch
from imgcls_automl.training.scoring import EPOCH_METRIC, is_better, score_logits

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.program import Program
    from imgcls_automl.training.progress import Plan, Progress

logger = logging.getLogger(__name__)

MOST_OF_AN_EPOCH = 0.5  # of its steps: of the last epoch, enough to take the training for finished


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Scores each epoch, keeps the best weights, and stops the training where that is due.

    Args:
        pictures: The data set.
        plan: Of the training.
        phases: Epochs after which each of its phases is planned to end.
        progress: Filled as epochs finish.
        on_epoch: Called after each epoch; returns why to stop, or None to go on.
        keep: Called between two epochs of the training, after `on_epoch`.

    Attributes:
        program: What is being trained; to be set before each phase.
        epoch_steps: Steps of an epoch of it; likewise, where they are known.
        diverged: Whether the loss was not finite.
    """

    program: Program
    epoch_steps: float = math.inf

    def __init__(
        self,
        pictures: Pictures,
        plan: Plan,
        phases: tuple[int, ...],
        progress: Progress,
        on_epoch: Callable[[Epoch], str | None],
        keep: Callable[[Program], None],
    ) -> None:
        super().__init__()
        self.pictures = pictures
        self.plan = plan
        self.phases = phases
        self.progress = progress
        self.on_epoch = on_epoch
        self.keep = keep
        self.started = time.time()
        self.diverged = False

    @property
    def planned_ends(self) -> tuple[int, ...]:
        """Epochs after which each phase ends if all that is left of it is made."""
        done = len(self.progress.epochs)
        return tuple(
            end if end <= done else planned
            for end, planned in zip(self.progress.ends or self.phases, self.phases, strict=True)
        )

    def fit_to_time(self) -> bool:
        """Plan the epochs that are left, fewer where the time is short; tells whether that has changed anything."""
        progress, pacing, before = self.progress, self.plan.pacing, self.progress.ends
        ends, done = self.planned_ends, len(progress.epochs)
        left = ends[-1] - done
        if pacing is not None and left > 0:
            fitting = pacing.count_fitting([epoch.seconds for epoch in progress.epochs], left)
            last = max(done + max(1, fitting), min(ends[-1], pacing.least))
            ends = shorten_phases(ends, done, last)
        progress.ends = ends
        if before and ends != before:
            logger.info("The time left suffices for %d of %d epochs.", ends[-1], self.phases[-1])
        return bool(before) and ends != before

    def stop_before_epoch(self, expected: float = 0.0) -> bool:
        """Stop where an epoch that is expected to take so many seconds would end too late; tells whether it did."""
        deadline = self.plan.deadline
        if deadline is None or time.time() + expected <= deadline:
            return False
        self.progress.stopped = TIMEOUT
        return True

    def expect_epoch(self) -> float:
        """Seconds of the next epoch that are needed, by the quickest of the latest; 0 while none tells."""
        done, last = self.progress.epochs, self.progress.ends[-1]
        # Not by the first one, which compiles.
        seconds = min((epoch.seconds for epoch in done[1:][-RECENT:]), default=0.0)
        may_be_cut = self.plan.pacing is not None and len(done) + 1 == last
        return seconds * MOST_OF_AN_EPOCH if may_be_cut else seconds

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.time()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.plan.on_steps()
        if self.plan.deadline is not None and time.time() > self.plan.deadline:
            self._end_in_time(batch + 1)

    def _end_in_time(self, steps: int) -> None:
        """End inside an epoch, after so many steps of it: of the last one, most are nearly as good as all."""
        last = len(self.progress.epochs) + 1 == self.progress.ends[-1]
        if self.plan.pacing and last and steps >= MOST_OF_AN_EPOCH * self.epoch_steps:
            logger.warning(
                "The last epoch ends after %d of %d steps: the time is up.", steps, self.epoch_steps
            )
            self._end_phase()
        else:
            self._stop(TIMEOUT)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.progress.stopped:  # inside the epoch: it does not count
            return
        metrics = {name: float(value) for name, value in logs.items()}
        self.diverged = not math.isfinite(metrics["loss"])
        score = None
        if len(self.plan.validation) and not self.diverged:
            logits = self.pictures.evaluate(self.plan.validation, self._predict)
            self.diverged = not np.isfinite(logits).all()
            metrics |= score_logits(self.pictures.labels[self.plan.validation], logits)
            score = metrics[EPOCH_METRIC[self.plan.metric]]
        if self.diverged:
            self._stop("not finite")
            return
        now = time.time()
        finished = Epoch(
            number=len(self.progress.epochs) + 1,
            ended=now,
            seconds=now - self.started,
            score=score,
            metrics=metrics,
        )
        self._take(finished)

    def _predict(self, indices: np.ndarray) -> np.ndarray:
        logits: np.ndarray = self.program.trainee.predict_on_batch(self.pictures.batch(indices))[
            "logits"
        ]
        return logits

    def _take(self, epoch: Epoch) -> None:
        progress = self.progress
        progress.epochs.append(epoch)
        if epoch.score is not None and is_better(
            self.plan.metric, epoch.score, progress.best.score if progress.best else None
        ):
            progress.best = epoch
            progress.best_weights = self.program.get_weights()
        moved = self.fit_to_time()
        reason = self.on_epoch(epoch)
        if (
            reason is None
            and progress.best
            and epoch.number - progress.best.number >= self.plan.patience
        ):
            reason = "no improvement"
        if epoch.number >= progress.ends[-1]:
            self._end_phase()
        elif reason is not None:
            self._stop(reason)
        else:
            self._go_on(epoch.number, moved=moved)

    def _go_on(self, done: int, *, moved: bool) -> None:
        """Go on after so many epochs, in the same phase or the next one."""
        ends = self.progress.ends
        if done in ends:
            self._end_phase()
        elif moved:
            end = next(end for end in ends if end > done)
            self.program.lay_out_rest(int(self.epoch_steps) * (end - done))
        self.keep(self.program)

    def _end_phase(self) -> None:
        """End it here, where it may have been planned to be longer."""
        self.program.trainee.stop_training = True

    def _stop(self, reason: str) -> None:
        self.progress.stopped = reason
        self.program.trainee.stop_training = True
