"""How fast a candidate trains: a few steps of it, whose compiled program its trial then uses."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import keras
import optuna

from imgcls_automl.executors.messages import ProbeResult
from imgcls_automl.training.fitting import build_network, choose_step_shape
from imgcls_automl.training.scoring import balanced_weights

if TYPE_CHECKING:
    import numpy as np

    from imgcls_automl.executors.messages import ProbeTask
    from imgcls_automl.plugin import Training
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.program import Program

logger = logging.getLogger(__name__)

STEPS = 8
VALIDATION_SHARE = 1 / 3  # a forward pass, of a training step's cost


def probe(task: ProbeTask, bench: Bench) -> ProbeResult:
    """Train a candidate for a few steps and tell what an epoch would take.

    A candidate that cannot be drawn, built or trained measures nothing; its trial will tell why.
    """
    try:
        candidate = bench.space.suggest(
            optuna.trial.FixedTrial(task.parameters), bench.pictures.task
        )
        network = build_network(
            bench.space, candidate, bench.pictures.task, seed=0, precision=bench.backend.precision
        )
        return ProbeResult(epoch_seconds=_measure(network, candidate.training, bench))
    except Exception:
        logger.warning("The probe failed.", exc_info=True)
        return ProbeResult(epoch_seconds=None)


def _measure(network: Any, training: Training, bench: Bench) -> float:
    train = bench.pictures.indices("train")
    shape = choose_step_shape(training, len(train))
    program = bench.programs.take(network, training, shape)
    program.begin(
        network,
        training,
        class_weights=balanced_weights(bench.pictures.task.class_counts),
        steps=STEPS,
        rate_share=1.0,
        seed=0,
    )
    _time_steps(program, bench, train[: shape.batch_size], shape.batch_size)  # compiles
    few = train[: shape.batch_size * min(STEPS, shape.steps_per_execution)]
    seconds = _time_steps(program, bench, few, shape.batch_size) / len(few)
    return seconds * (len(train) + VALIDATION_SHARE * len(bench.pictures.indices("validation")))


def _time_steps(program: Program, bench: Bench, order: np.ndarray, batch_size: int) -> float:
    clock = _Clock()
    program.trainee.fit(
        bench.pictures.feed(order, batch_size),
        batch_size=batch_size if bench.pictures.resident else None,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )
    return clock.seconds


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Times the steps alone, without what `fit` does around them."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self._begun = 0.0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._begun = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        float(logs["loss"])  # waits for the device
        self.seconds += time.perf_counter() - self._begun
