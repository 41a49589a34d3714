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

    Attributes:
        peak: Variable of the highest rate.
        begun: Variable of the share of the schedule, from 0 to 1, that was over at step `since`.
        since: Variable of a step: 0, or where the rest was laid out anew.
        steps: Variable of how many steps the rest takes.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.peak: Any = None
        self.begun: Any = None
        self.since: Any = None
        self.steps: Any = None

    def __call__(self, step: Any) -> Any:
        made = ops.minimum((ops.cast(step, "float32") - self.since) / self.steps, 1.0)
        share = self.begun + (1.0 - self.begun) * made
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
    schedule.begun = optimizer.add_variable(shape=(), name="begun")
    schedule.since = optimizer.add_variable(shape=(), name="since")
    schedule.steps = optimizer.add_variable(shape=(), initializer="ones", name="steps")
    decays = training.optimizer != "adam"
    optimizer.weight_decay = optimizer.add_variable(shape=(), name="decay") if decays else None
    return optimizer


def set_rates(
    optimizer: keras.optimizers.Optimizer, training: Training, *, steps: int, share: float = 1.0
) -> None:
    """Lay a recipe's schedule out over its first `steps` steps, its peak times `share`."""
    schedule = optimizer._learning_rate
    schedule.peak.assign(training.learning_rate * share)
    schedule.begun.assign(0.0)
    schedule.since.assign(0.0)
    schedule.steps.assign(float(steps))
    if optimizer.weight_decay is not None:
        optimizer.weight_decay.assign(training.weight_decay)


def lay_out_rest(optimizer: keras.optimizers.Optimizer, *, steps: int) -> None:
    """Lay what is left of a schedule out over the next `steps` steps: from where it stands, without a jump."""
    schedule = optimizer._learning_rate
    step, begun, since, total = (
        float(ops.convert_to_numpy(variable))
        for variable in (optimizer.iterations, schedule.begun, schedule.since, schedule.steps)
    )
    schedule.begun.assign(begun + (1.0 - begun) * min((step - since) / total, 1.0))
    schedule.since.assign(step)
    schedule.steps.assign(float(steps))
