"""Training one candidate: its phases and epochs, early stopping, the best epoch's weights kept."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from imgcls_automl.plugin import HasInitialise
from imgcls_automl.training.epochs import run_epochs
from imgcls_automl.training.order import draw_order
from imgcls_automl.training.program import StepShape
from imgcls_automl.training.scoring import EPOCH_METRIC, balanced_weights, is_better, score_logits
from imgcls_automl.training.weights import set_weights, thaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.plugin import Candidate, ImageTask, SearchSpace, Training
    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.program import Program, Programs

STEPS_PER_EXECUTION = 64  # at most, between two looks at the clock


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
        keeps_last: Whether the last weights are what counts, not the best epoch's: no early stopping then.
    """

    epochs: int
    seed: int
    train: np.ndarray
    validation: np.ndarray
    metric: str
    class_weight: str
    deadline: float | None
    keeps_last: bool = False
    sampling: str = "none"
    epoch_size: int | None = None

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
    """What a training has come to so far. `stopped` says why it ended before its last planned epoch."""

    epochs: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    best_weights: list[np.ndarray] = field(default_factory=list)
    stopped: str | None = None

    @property
    def ran_its_course(self) -> bool:
        """Whether nothing but a lack of improvement ended it."""
        return self.best is not None and self.stopped in (None, "no improvement")


def build_network(
    space: SearchSpace, candidate: Candidate, task: ImageTask, *, seed: int, precision: str
) -> Any:
    """Build a candidate's network with seeded weights, and check what it gives.

    Args:
        space: Builds it.
        candidate: What to build.
        task: Shape and classes.
        seed: Of its initial weights and its dropout.
        precision: The dtype policy, `"float32"` or `"mixed_bfloat16"`.

    Raises:
        ValueError: The network's output is not one logit a class.
    """
    _start_afresh(seed)
    keras.config.set_dtype_policy(precision)
    network = space.build(candidate.model, task)
    shape = tuple(network.compute_output_shape((None, *task.image_shape)))
    if shape != (None, task.num_classes):
        raise ValueError(
            f"build() must give logits of shape (None, {task.num_classes}), but its model gives {shape}"
        )
    return network


def fit_candidate(
    space: SearchSpace,
    candidate: Candidate,
    network: Any,
    programs: Programs,
    plan: Plan,
    progress: Progress,
    on_epoch: Callable[[Epoch], str | None],
) -> None:
    """Train a freshly built network.

    Args:
        space: Its `initialise` is called where it has one.
        candidate: What `network` was built from.
        network: Trained in place; ends with its last weights.
        programs: The data set, and compiled steps to use again.
        plan: How long, on what.
        progress: Filled as epochs finish, so that it is there too where training raises.
        on_epoch: Called after each epoch; returns why to stop, or None to go on.

    Raises:
        NotFiniteError: The loss became NaN or infinite.
    """
    if isinstance(space, HasInitialise):
        space.initialise(network, programs.pictures.images[plan.train])
    frozen = min(candidate.training.frozen_epochs, plan.epochs)
    phases = [
        _Phase(range(frozen), 1.0),
        _Phase(range(frozen, plan.epochs), 0.1 if frozen else 1.0),
    ]
    for phase in phases:
        if phase.epochs and progress.stopped is None:
            _fit_phase(candidate.training, network, programs, plan, phase, progress, on_epoch)
        if frozen:
            thaw(network)


def choose_step_shape(training: Training, train_size: int) -> StepShape:
    """Lay an epoch out in whole executions of equal length.

    A few batches, other ones each epoch, are left out rather than a ragged rest compiled.
    """
    batch_size = min(training.batch_size, train_size)
    batches = train_size // batch_size
    executions = math.ceil(batches / STEPS_PER_EXECUTION)
    return StepShape(
        batch_size=batch_size, steps_per_execution=batches // executions, executions=executions
    )


def _start_afresh(seed: int) -> None:
    """Seed all that Keras draws from, and forget the names and generators of earlier models."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)


@dataclass(frozen=True, slots=True)
class _Phase:
    """Some epochs under one compiled step and one schedule, its peak times `rate_share`."""

    epochs: range
    rate_share: float


def _fit_phase(
    training: Training,
    network: Any,
    programs: Programs,
    plan: Plan,
    phase: _Phase,
    progress: Progress,
    on_epoch: Callable[[Epoch], str | None],
) -> None:
    pictures = programs.pictures
    shape = choose_step_shape(training, plan.epoch_size or len(plan.train))
    steps = shape.steps_per_execution * shape.executions
    weights = balanced_weights(pictures.task.class_counts)
    program = programs.take(network, training, shape)
    program.begin(
        network,
        training,
        class_weights=weights if plan.class_weight == "balanced" else np.ones_like(weights),
        steps=steps * len(phase.epochs),
        rate_share=phase.rate_share,
        seed=plan.seed + phase.epochs.start,
    )
    order = draw_order(
        plan.train,
        pictures.labels[plan.train],
        seed=plan.seed,
        epochs=phase.epochs,
        length=steps * shape.batch_size,
        sampling=plan.sampling,
    )
    watch = Watch(program, pictures, plan, phase.epochs.start, progress, on_epoch)
    run_epochs(program, pictures, order, shape, watch)
    if watch.diverged:
        raise NotFiniteError(f"the loss was not finite in epoch {len(progress.epochs) + 1}")
    set_weights(network, program.get_weights())


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Scores each epoch, keeps the best weights, and stops the training where that is due."""

    def __init__(
        self,
        program: Program,
        pictures: Pictures,
        plan: Plan,
        first: int,
        progress: Progress,
        on_epoch: Callable[[Epoch], str | None],
    ) -> None:
        super().__init__()
        self.program = program
        self.pictures = pictures
        self.plan = plan
        self.first = first
        self.progress = progress
        self.on_epoch = on_epoch
        self.started = time.time()
        self.diverged = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.time()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
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
            number=self.first + epoch + 1,
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
        if reason is not None and epoch.number < self.plan.epochs:
            self._stop(reason)

    def _stop(self, reason: str) -> None:
        self.progress.stopped = reason
        self.program.trainee.stop_training = True
