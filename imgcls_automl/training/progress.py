"""What a training is planned to be, and what it has come to so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.pacing import Pacing


class NotFiniteError(Exception):
    """The loss became NaN or infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long a training may go on, and what it is judged by.

    Attributes:
        epochs: Planned; the schedule is laid out for them.
        seed: Of initial weights, order and augmentation.
        train: Indices of the pictures to train on, int32.
        validation: Indices to score each epoch on, int32; empty for a refit, which keeps its last weights.
        metric: Selection metric.
        class_weight: `"none"` or `"balanced"`.
        sampling: As in `draw_order`.
        epoch_size: Pictures that an epoch is laid out for; None for all of `train`.
        deadline: Seconds since the epoch; training stops there, inside an epoch if need be. None for never.
        pacing: The time that the whole schedule is to fit into: where it is short, the rest is laid out over fewer
            epochs. None to train all of them, or until the deadline.
        on_steps: Called as steps are made, some dozens at a time; on JAX, where an epoch is one call, never.
        keeps_last: Whether the last weights are what counts, not the best epoch's: no early stopping then.
    """

    epochs: int
    seed: int
    train: np.ndarray
    validation: np.ndarray
    metric: str
    class_weight: str
    deadline: float | None
    pacing: Pacing | None = None
    keeps_last: bool = False
    sampling: str = "none"
    epoch_size: int | None = None
    on_steps: Callable[[], None] = lambda: None

    @property
    def patience(self) -> int:
        """Epochs without a better score after which training ends early."""
        return self.epochs if self.keeps_last else max(5, self.epochs // 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One finished epoch: counted from 1, its end in seconds since the epoch, its duration, score and metrics."""

    number: int
    ended: float
    seconds: float
    score: float | None
    metrics: dict[str, float]


@dataclass(slots=True)
class Progress:
    """What a training has come to so far.

    Attributes:
        epochs: That are finished.
        best: Of those that are scored, the best.
        best_weights: Its.
        ends: Epochs after which each phase ends, the training with the last: as planned, or fewer where the time is
            short; empty until it begins.
        stopped: Why it ended before that.
    """

    epochs: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    best_weights: list[np.ndarray] = field(default_factory=list)
    ends: tuple[int, ...] = ()
    stopped: str | None = None

    def is_shorter_than(self, planned: int) -> bool:
        """Whether it was to end, for want of time, before its last planned epoch."""
        return bool(self.ends) and self.ends[-1] < planned

    @property
    def ran_its_course(self) -> bool:
        """Whether nothing but a lack of improvement ended it."""
        return self.best is not None and self.stopped in (None, "no improvement")
