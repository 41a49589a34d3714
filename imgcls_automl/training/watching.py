"""Watches a training: scores each epoch, keeps the best weights, and stops it where that is due."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from imgcls_automl.training.progress import Epoch
from imgcls_automl.training.scoring import EPOCH_METRIC, is_better, score_logits

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.program import Program
    from imgcls_automl.training.progress import Plan, Progress


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Scores each epoch, keeps the best weights, and stops the training where that is due.

    Args:
        pictures: The data set.
        plan: Of the training.
        progress: Filled as epochs finish.
        on_epoch: Called after each epoch; returns why to stop, or None to go on.
        keep: Called between two epochs of the training, after `on_epoch`.

    Attributes:
        program: What is being trained; to be set before each phase.
        diverged: Whether the loss was not finite.
    """

    program: Program

    def __init__(
        self,
        pictures: Pictures,
        plan: Plan,
        progress: Progress,
        on_epoch: Callable[[Epoch], str | None],
        keep: Callable[[Program], None],
    ) -> None:
        super().__init__()
        self.pictures = pictures
        self.plan = plan
        self.progress = progress
        self.on_epoch = on_epoch
        self.keep = keep
        self.started = time.time()
        self.diverged = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.time()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.plan.on_steps()
        if self.plan.deadline is not None and time.time() > self.plan.deadline:
            self._stop("timeout")

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
        reason = self.on_epoch(epoch)
        if (
            reason is None
            and progress.best
            and epoch.number - progress.best.number >= self.plan.patience
        ):
            reason = "no improvement"
        if epoch.number == self.plan.epochs:
            return
        if reason is not None:
            self._stop(reason)
        else:
            self.keep(self.program)

    def _stop(self, reason: str) -> None:
        self.progress.stopped = reason
        self.program.trainee.stop_training = True
