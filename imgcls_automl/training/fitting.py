"""Training one candidate: its network built, then its phases, each under one compiled step and one schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from imgcls_automl.plugin import HasInitialise
from imgcls_automl.training.epochs import run_epochs
from imgcls_automl.training.order import draw_order
from imgcls_automl.training.program import StepShape
from imgcls_automl.training.progress import NotFiniteError
from imgcls_automl.training.scoring import balanced_weights
from imgcls_automl.training.watching import Watch
from imgcls_automl.training.weights import set_weights, thaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.plugin import Candidate, ImageTask, SearchSpace, Training
    from imgcls_automl.training.checkpoint import Snapshot
    from imgcls_automl.training.program import Program, Programs
    from imgcls_automl.training.progress import Epoch, Plan, Progress

STEPS_PER_EXECUTION = 64  # at most, between two looks at the clock


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
    *,
    snapshot: Snapshot | None = None,
    keep: Callable[[Program], None] = lambda program: None,
) -> None:
    """Train a freshly built network, or go on training it.

    Args:
        space: Its `initialise` is called where it has one.
        candidate: What `network` was built from.
        network: Trained in place; ends with its last weights.
        programs: The data set, and compiled steps to use again.
        plan: How long, on what.
        progress: Filled as epochs finish, so that it is there too where training raises.
        on_epoch: Called after each epoch; returns why to stop, or None to go on.
        snapshot: Where an earlier process left off: after the epochs that `progress` already has.
        keep: Called between two epochs, when a snapshot can be taken.

    Raises:
        NotFiniteError: The loss became NaN or infinite.
    """
    if snapshot is not None:
        set_weights(network, snapshot.weights)
    elif isinstance(space, HasInitialise):
        space.initialise(network, programs.pictures.images[plan.train])
    frozen = min(candidate.training.frozen_epochs, plan.epochs)
    phases = [_Phase(place=0, rate_share=1.0), _Phase(place=1, rate_share=0.1 if frozen else 1.0)]
    watch = Watch(programs.pictures, plan, (frozen, plan.epochs), progress, on_epoch, keep)
    moved = watch.fit_to_time()
    continued = None if snapshot is None else _Continued(snapshot=snapshot, moved=moved)
    for phase in phases:
        unfinished = len(progress.epochs) < progress.ends[phase.place] and progress.stopped is None
        if unfinished and not watch.stop_before_epoch():
            _fit_phase(candidate.training, network, programs, plan, phase, watch, continued)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phase:
    """Some epochs under one compiled step and one schedule, its peak times `rate_share`; `place` counts from 0."""

    place: int
    rate_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Continued:
    """Where an earlier process left off, and whether its phases have another length since."""

    snapshot: Snapshot
    moved: bool


def _fit_phase(
    training: Training,
    network: Any,
    programs: Programs,
    plan: Plan,
    phase: _Phase,
    watch: Watch,
    continued: _Continued | None,
) -> None:
    ends = watch.progress.ends
    start = ends[phase.place - 1] if phase.place else 0
    pictures = programs.pictures
    shape = choose_step_shape(training, plan.epoch_size or len(plan.train))
    steps = shape.steps_per_execution * shape.executions
    weights = balanced_weights(pictures.task.class_counts)
    program = programs.take(network, training, shape)
    program.begin(
        network,
        training,
        class_weights=weights if plan.class_weight == "balanced" else np.ones_like(weights),
        steps=steps * (ends[phase.place] - start),
        rate_share=phase.rate_share,
        seed=plan.seed + start,
    )
    done = len(watch.progress.epochs)
    if continued is not None and done > start:
        program.set_state(continued.snapshot.state)
        if continued.moved:
            program.lay_out_rest(steps * (ends[phase.place] - done))
    order = draw_order(
        plan.train,
        pictures.labels[plan.train],
        seed=plan.seed,
        # As many as were planned: a training that was brought to fewer epochs may get some of them back.
        epochs=range(done, watch.planned_ends[phase.place]),
        length=steps * shape.batch_size,
        sampling=plan.sampling,
    )
    watch.program, watch.epoch_steps = program, steps
    run_epochs(program, pictures, order, shape, watch)
    if watch.diverged:
        raise NotFiniteError(f"the loss was not finite in epoch {len(watch.progress.epochs) + 1}")
    set_weights(network, program.get_weights())
