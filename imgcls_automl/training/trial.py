"""One trial from its candidate to its result, whatever goes wrong on the way."""

from __future__ import annotations

import logging
import time
from statistics import fmean
from typing import TYPE_CHECKING, Any

import optuna

from imgcls_automl.executors.messages import CandidateDrawn, TrialStarted
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.plugin import Candidate
from imgcls_automl.training.bench import epoch_report, write_history
from imgcls_automl.training.logbook import Logbook, recall_candidate
from imgcls_automl.training.progress import NotFiniteError
from imgcls_automl.training.saving import save_weights
from imgcls_automl.trial_files import (
    StoredCandidate,
    drop_weights,
    read_candidate,
    weights_file,
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
    from imgcls_automl.training.holdouts import Holdout
    from imgcls_automl.training.progress import Epoch, Progress

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
    """Draw, build and train one candidate, once a fold; write its folder; never raise for what a candidate does wrong.

    A trial whose process was killed goes on after its last checkpoint, with the candidate it had.

    Args:
        task: Which trial, and how long.
        bench: Space, device and pictures.
        trial: Given to the space's `suggest`.
        admit: Asked whether the candidate is worth training.
        started: Told when training begins.
        report: Told of each epoch; answers whether to go on.
    """
    begun = time.time()
    trainings: list[Progress] = []
    state: TrialState = "complete"
    cause = detail = parameters = None
    try:
        stored = recall_candidate(task.folder) or _draw(task, bench, trial)
        twin = admit(CandidateDrawn(number=task.number, candidate=stored.candidate)).duplicate_of
        if twin is not None:
            raise TrialFailedError("infeasible", "duplicate", f"the same candidate as trial {twin}")
        logbook = Logbook(task.folder, task, stored)
        begun -= logbook.before
        trainings = logbook.trainings
        if trainings:  # epochs after the checkpoint will be made again
            write_history(task.folder, trainings, folded=bench.is_folded)
        for place, holdout in enumerate(bench.pictures.holdouts):
            if logbook.has_ended(place):
                continue
            network = _build(task, bench, stored, holdout)
            if parameters is None:
                parameters = network.count_params()
                begin = TrialStarted(
                    number=task.number,
                    candidate=stored.candidate,
                    parameters=parameters,
                    epochs=logbook.epochs,
                )
                started(begin)
            cause = _train(task, bench, stored, network, holdout, logbook, report)
            _keep_weights(task, network, holdout, trainings)
            logbook.end_training()
            if cause is not None:
                break
        cut_short = cause == "timeout" and not task.keep_partial
        if cause == "pruned" or cut_short or not _list_scored(trainings):
            state = "pruned"
    except TrialFailedError as failure:
        state, cause, detail = failure.state, failure.cause, str(failure)
    if state != "complete":
        drop_weights(task.folder)
    seconds = time.time() - begun
    result = _conclude(task, bench, trainings, state, cause, detail, parameters, seconds)
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


def _build(task: TrialTask, bench: Bench, stored: StoredCandidate, holdout: Holdout) -> Any:
    try:
        return bench.build(task, stored, holdout)
    except Exception as error:
        raise _failure("build", error) from error


def _train(
    task: TrialTask,
    bench: Bench,
    stored: StoredCandidate,
    network: Any,
    holdout: Holdout,
    logbook: Logbook,
    report: Callable[[EpochReport], Verdict],
) -> str | None:
    """Train once, as the next of a trial's trainings; returns why the trial has to end with it, or None to go on."""
    fold, folds = holdout.fold, len(bench.pictures.holdouts)
    progress = logbook.begin()
    told: str | None = None

    def on_epoch(epoch: Epoch) -> str | None:
        nonlocal told
        write_history(task.folder, logbook.trainings, folded=bench.is_folded)
        message = epoch_report(task.number, task.epochs, epoch, fold=fold, folds=folds)
        told = report(message).stop
        return told

    try:
        bench.train(task, stored, network, holdout, logbook, on_epoch, keeps_last=False)
    except NotFiniteError as error:
        raise TrialFailedError("failed", "not finite", str(error)) from error
    except Exception as error:
        progress.stopped = "failed"
        bench.programs.forget()
        raise _failure("training", error) from error
    return told or (None if progress.ran_its_course else progress.stopped)


def _keep_weights(
    task: TrialTask, network: Any, holdout: Holdout, trainings: list[Progress]
) -> None:
    """Save the last training's best weights, where the trial is scored by it."""
    last, scored = trainings[-1], _list_scored(trainings)
    if scored and scored[-1] is last:
        save_weights(network, last.best_weights, weights_file(task.folder, holdout.fold))


def _list_scored(trainings: list[Progress]) -> list[Progress]:
    """The trainings a trial is scored by: those that ran their course or, where none did, the one cut short."""
    ended = [it for it in trainings if it.ran_its_course]
    return ended or [it for it in trainings if it.best is not None][:1]


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
    trainings: list[Progress],
    state: TrialState,
    cause: str | None,
    detail: str | None,
    parameters: int | None,
    seconds: float,
) -> TrialResult:
    folds = len(bench.pictures.holdouts)
    kept = [it.best for it in _list_scored(trainings) if it.best is not None]
    scores = [epoch.score for epoch in kept if epoch.score is not None]
    ended = any(it.ran_its_course for it in trainings)
    return TrialResult(
        number=task.number,
        state=state,
        score=fmean(scores) if scores else None,
        metric=bench.metric,
        epoch=kept[0].number if kept and folds == 1 else None,
        epochs=sum(len(it.epochs) for it in trainings),
        planned_epochs=task.epochs * folds,
        seconds=seconds,
        parameters=parameters,
        cause=cause,
        detail=detail,
        metrics=_average([epoch.metrics for epoch in kept]),
        fold_scores=tuple(scores) if folds > 1 and ended else (),
    )


def _average(metrics: list[dict[str, float]]) -> dict[str, float]:
    return {name: fmean(it[name] for it in metrics) for name in metrics[0]} if metrics else {}
