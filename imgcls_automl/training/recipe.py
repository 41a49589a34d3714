"""How weights are changed: optimizer and learning-rate schedule, their numbers held in variables.

Numbers in variables rather than constants leave the compiled training step the same for every learning rate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

if TYPE_CHECKING:
    from imgcls_automl.plugin import Training

WARM_UP = 0.25  # of the steps, for one-cycle
FLOOR = 1e-3  # of the peak: where one-cycle starts and every falling schedule ends


class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate over the steps of one training.

    One-cycle rises linearly to the peak over the first quarter and falls linearly to the end (Smith, 2017,
    arXiv:1708.07120); cosine falls from the peak (Loshchilov and Hutter, 2016, arXiv:1608.03983).
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.peak: Any = None
        self.steps: Any = None

    def __call__(self, step: Any) -> Any:
        share = ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)
        if self.kind == "constant":
            return self.peak + 0.0 * share
        if self.kind == "cosine":
            fall = 0.5 * (1.0 + ops.cos(math.pi * share))
        else:
            fall = ops.minimum(share / WARM_UP, (1.0 - share) / (1.0 - WARM_UP))
        return self.peak * (FLOOR + (1.0 - FLOOR) * fall)

    def get_config(self) -> dict[str, Any]:
        return {"kind": self.kind}


def make_optimizer(training: Training) -> keras.optimizers.Optimizer:
    """Make the optimizer of a recipe; `set_rates` gives it its numbers."""
    schedule = Schedule(training.schedule)
    if training.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)
    else:
        optimizer = keras.optimizers.AdamW(schedule)
    schedule.peak = optimizer.add_variable(shape=(), name="peak")
    schedule.steps = optimizer.add_variable(shape=(), initializer="ones", name="steps")
    decays = training.optimizer != "adam"
    optimizer.weight_decay = optimizer.add_variable(shape=(), name="decay") if decays else None
    return optimizer


def set_rates(
    optimizer: keras.optimizers.Optimizer, training: Training, *, steps: int, share: float = 1.0
) -> None:
    """Lay a recipe's schedule out over `steps` steps from the current one, its peak times `share`."""
    schedule = optimizer._learning_rate
    schedule.peak.assign(training.learning_rate * share)
    schedule.steps.assign(float(steps))
    if optimizer.weight_decay is not None:
        optimizer.weight_decay.assign(training.weight_decay)
