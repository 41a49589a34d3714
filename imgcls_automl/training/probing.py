"""How fast a candidate trains, and in which precision: a few steps, whose compiled program its trial then uses."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import keras
import optuna

from imgcls_automl.executors.results import ProbeResult
from imgcls_automl.training.epochs import feed_fit
from imgcls_automl.training.fitting import build_network, choose_step_shape
from imgcls_automl.training.gates import measure_cost
from imgcls_automl.training.own_fit import find_own_fit, time_own_steps
from imgcls_automl.training.scoring import balanced_weights

if TYPE_CHECKING:
    from imgcls_automl.executors.tasks import ProbeTask
    from imgcls_automl.plugin import Candidate, Training
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.holdouts import Holdout
    from imgcls_automl.training.own_fit import OwnFit

logger = logging.getLogger(__name__)

STEPS = 8
VALIDATION_SHARE = 1 / 3  # a forward pass, of a training step's cost
LONG_EPOCH = 2.0  # seconds; below, another precision saves less than compiling for it takes
ROUNDS = 3  # of timing precisions in turns, the fastest counting: other work slows some of them
WORTH = 1.1  # times as fast as the usual precision, to be chosen


def probe(task: ProbeTask, bench: Bench) -> ProbeResult:
    """Train a candidate for a few steps and tell what an epoch would take, in the fastest precision.

    The other precisions are tried only where an epoch is long. A candidate over a limit is passed over, as its trial
    will be; one that cannot be drawn, built or trained measures nothing, and its trial will tell why.
    """
    usual, *others = task.precisions
    nothing = ProbeResult(precision=usual, epoch_seconds=None)
    try:
        allowed = _find_allowed(task, bench)
        if allowed is None:
            return nothing
        candidate, network = allowed
        paces = {usual: _make_pace(bench, candidate, network)}
        epoch_seconds = paces[usual].measure()
        if epoch_seconds < LONG_EPOCH or not others:
            return ProbeResult(precision=usual, epoch_seconds=epoch_seconds)
        paces |= {it: _make_pace(bench, candidate, _build(bench, candidate, it)) for it in others}
        rounds = [
            {precision: pace.measure() for precision, pace in paces.items()} for _ in range(ROUNDS)
        ]
    except Exception:
        logger.warning("The probe failed.", exc_info=True)
        return nothing
    precision, epoch_seconds = choose_precision(usual, rounds)
    return ProbeResult(precision=precision, epoch_seconds=epoch_seconds)


def choose_precision(usual: str, rounds: list[dict[str, float]]) -> tuple[str, float]:
    """Choose by the fastest round of each precision.

    Args:
        usual: The precision to keep where no other is worth it.
        rounds: Seconds an epoch by precision, measured in turns.

    Returns:
        The precision and its seconds an epoch.
    """
    fastest = {precision: min(times[precision] for times in rounds) for precision in rounds[0]}
    logger.info("Seconds an epoch: %s.", fastest)
    best = min(fastest, key=lambda precision: fastest[precision])
    chosen = best if fastest[best] * WORTH <= fastest[usual] else usual
    return chosen, fastest[chosen]


def _find_allowed(task: ProbeTask, bench: Bench) -> tuple[Candidate, Any] | None:
    """The first candidate that keeps the limits, with its network in the usual precision; None where none does."""
    for parameters in task.points:
        trial = optuna.trial.FixedTrial(parameters)
        candidate = bench.space.suggest(trial, bench.pictures.task)
        network = _build(bench, candidate, task.precisions[0])
        excesses = bench.limits.find_excesses(measure_cost(network, bench))
        if not excesses:
            return candidate, network
        logger.info("The probe passes over %s: %s.", parameters, excesses[0].text)
    return None


def _build(bench: Bench, candidate: Candidate, precision: str) -> Any:
    return build_network(bench.space, candidate, bench.pictures.task, seed=0, precision=precision)


def _make_pace(bench: Bench, candidate: Candidate, network: Any) -> _Pace | _OwnPace:
    """A candidate's network, ready to be timed the way it would be trained."""
    own = find_own_fit(bench.space, network)
    return _Pace(bench, candidate.training, network) if own is None else _OwnPace(bench, own)


def _scale_to_epoch(seconds: float, holdout: Holdout) -> float:
    """Seconds of an epoch, of a trial's first fold, with its validation, from those of a picture."""
    return seconds * (len(holdout.train) + VALIDATION_SHARE * len(holdout.validation))


class _OwnPace:
    """The step that a network was compiled with by its space."""

    def __init__(self, bench: Bench, own: OwnFit) -> None:
        self._bench = bench
        self._own = own

    def measure(self) -> float:
        """Seconds of an epoch."""
        holdout = self._bench.pictures.holdouts[0]
        seconds = time_own_steps(self._own, self._bench.pictures, holdout.train, STEPS)
        return _scale_to_epoch(seconds, holdout)


class _Pace:
    """A candidate's compiled step, ready to be timed.

    Args:
        bench: Its pictures and programs.
        training: The candidate's recipe.
        network: Its network.
    """

    def __init__(self, bench: Bench, training: Training, network: Any) -> None:
        self._bench = bench
        holdout = bench.pictures.holdouts[0]
        self._holdout, self._train = holdout, holdout.train
        self._shape = choose_step_shape(training, holdout.epoch_size)
        self._program = bench.programs.take(network, training, self._shape)
        self._program.begin(
            network,
            training,
            class_weights=balanced_weights(bench.pictures.task.class_counts),
            steps=STEPS,
            rate_share=1.0,
            seed=0,
        )
        self._time_steps(1)  # compiles

    def measure(self) -> float:
        """Seconds of an epoch."""
        steps = min(STEPS, self._shape.steps_per_execution)
        pictures = min(len(self._train), steps * self._shape.batch_size)
        return _scale_to_epoch(self._time_steps(steps) / pictures, self._holdout)

    def _time_steps(self, steps: int) -> float:
        clock = _Clock()
        batch_size, pictures = self._shape.batch_size, self._bench.pictures
        self._program.trainee.fit(
            **feed_fit(pictures, self._train[: steps * batch_size], batch_size),
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
