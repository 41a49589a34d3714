"""One trial from its candidate to its result, whatever goes wrong on the way."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import optuna

from imgcls_automl.executors.messages import CandidateDrawn, TrialStarted
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.plugin import Candidate
from imgcls_automl.training.bench import epoch_report, write_history
from imgcls_automl.training.fitting import NotFiniteError, Progress
from imgcls_automl.training.saving import save_weights
from imgcls_automl.trial_files import (
    WEIGHTS,
    StoredCandidate,
    read_candidate,
    write_candidate,
    write_result,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from optuna.trial import BaseTrial

    from imgcls_automl.executors.messages import (
        Admission,
        EpochReport,
        TrialTask,
        Verdict,
    )
    from imgcls_automl.executors.results import TrialState
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.fitting import Epoch

logger = logging.getLogger(__name__)


class TrialFailedError(Exception):
    """A trial cannot go on; `cause` is a word or two for the leaderboard, the message one line of detail."""

    def __init__(self, state: TrialState, cause: str, detail: str) -> None:
        super().__init__(detail)
        self.state = state
        self.cause = cause


def run_trial(
    task: TrialTask,
    bench: Bench,
    trial: BaseTrial,
    *,
    admit: Callable[[CandidateDrawn], Admission],
    started: Callable[[TrialStarted], None],
    report: Callable[[EpochReport], Verdict],
) -> TrialResult:
    """Draw, build and train one candidate; write its folder; never raise for what a candidate does wrong.

    Args:
        task: Which trial, and how long.
        bench: Space, device and pictures.
        trial: Given to the space's `suggest`.
        admit: Asked whether the candidate is worth training.
        started: Told when training begins.
        report: Told of each epoch; answers whether to go on.
    """
    begun = time.time()
    progress = Progress()
    state: TrialState = "complete"
    cause = detail = parameters = None
    try:
        stored = _draw(task, bench, trial)
        twin = admit(CandidateDrawn(number=task.number, candidate=stored.candidate)).duplicate_of
        if twin is not None:
            raise TrialFailedError("infeasible", "duplicate", f"the same candidate as trial {twin}")
        network = _build(task, bench, stored)
        parameters = network.count_params()
        started(TrialStarted(number=task.number, candidate=stored.candidate, parameters=parameters))
        _train(task, bench, stored, network, progress, report)
        cause = progress.stopped if progress.stopped in ("pruned", "timeout") else None
        if (
            cause == "pruned"
            or progress.best is None
            or (cause == "timeout" and not task.keep_partial)
        ):
            state = "pruned"
        else:
            save_weights(network, progress.best_weights, task.folder / WEIGHTS)
    except TrialFailedError as failure:
        state, cause, detail = failure.state, failure.cause, str(failure)
    result = _conclude(task, bench, progress, state, cause, detail, parameters, time.time() - begun)
    write_result(task.folder, result)
    return result


def _draw(task: TrialTask, bench: Bench, trial: BaseTrial) -> StoredCandidate:
    try:
        candidate = bench.space.suggest(trial, bench.pictures.task)
        if not isinstance(candidate, Candidate):
            raise TypeError(
                f"suggest() must return a Candidate, but got {type(candidate).__name__}"
            )
        stored = StoredCandidate(
            number=task.number,
            params=trial.params,
            baseline=task.baseline,
            candidate=candidate,
            task=bench.pictures.task,
        )
        write_candidate(task.folder, stored)
    except optuna.TrialPruned as pruned:
        raise TrialFailedError("infeasible", "infeasible", str(pruned)) from pruned
    except Exception as error:
        raise _failure("suggest", error) from error
    # As everyone will read it: plain values, nothing of the plugin's own types.
    return read_candidate(task.folder)


def _build(task: TrialTask, bench: Bench, stored: StoredCandidate) -> Any:
    try:
        return bench.build(task, stored)
    except Exception as error:
        raise _failure("build", error) from error


def _train(
    task: TrialTask,
    bench: Bench,
    stored: StoredCandidate,
    network: Any,
    progress: Progress,
    report: Callable[[EpochReport], Verdict],
) -> None:
    def on_epoch(epoch: Epoch) -> str | None:
        write_history(task.folder, progress.epochs)
        return report(epoch_report(task.number, task.epochs, epoch)).stop

    try:
        bench.train(task, stored, network, progress, on_epoch, keeps_last=False)
    except NotFiniteError as error:
        raise TrialFailedError("failed", "not finite", str(error)) from error
    except Exception as error:
        bench.programs.forget()
        raise _failure("training", error) from error


def _failure(cause: str, error: Exception) -> TrialFailedError:
    logger.error("The trial failed (%s).", cause, exc_info=error)
    text = f"{type(error).__name__}: {error}"
    if _is_out_of_memory(error, text):
        cause = "out of memory"
    return TrialFailedError("failed", cause, text.strip().splitlines()[0][:300])


def _is_out_of_memory(error: Exception, text: str) -> bool:
    # TensorFlow and JAX have no common class for it; both say RESOURCE_EXHAUSTED, torch has OutOfMemoryError.
    signs = ("RESOURCE_EXHAUSTED", "ResourceExhausted", "OutOfMemory", "OOM when allocating")
    return isinstance(error, MemoryError) or any(sign in text for sign in signs)


def _conclude(
    task: TrialTask,
    bench: Bench,
    progress: Progress,
    state: TrialState,
    cause: str | None,
    detail: str | None,
    parameters: int | None,
    seconds: float,
) -> TrialResult:
    best = progress.best
    return TrialResult(
        number=task.number,
        state=state,
        score=best.score if best else None,
        metric=bench.metric,
        epoch=best.number if best else None,
        epochs=len(progress.epochs),
        planned_epochs=task.epochs,
        seconds=seconds,
        parameters=parameters,
        cause=cause,
        detail=detail,
        metrics=best.metrics if best else {},
    )
