"""One trial from its candidate to its result, whatever goes wrong on the way."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import optuna

from imgcls_automl.executors.causes import TIMEOUT, Failure, Refusal
from imgcls_automl.executors.messages import CandidateDrawn, TrialStarted
from imgcls_automl.plugin import Candidate
from imgcls_automl.training.bench import epoch_report, write_history
from imgcls_automl.training.course import Course, conclude, list_scored
from imgcls_automl.training.failures import TrialEndedError, as_failure
from imgcls_automl.training.gates import measure_cost, refuse_excess
from imgcls_automl.training.halving import halve_batch
from imgcls_automl.training.logbook import Logbook, recall_candidate
from imgcls_automl.training.own_fit import find_own_fit
from imgcls_automl.training.progress import NotFiniteError
from imgcls_automl.training.saving import save_weights
from imgcls_automl.trial_files import (
    StoredCandidate,
    drop_checkpoints,
    drop_weights,
    read_candidate,
    weights_file,
    write_candidate,
    write_result,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from optuna.trial import BaseTrial

    from imgcls_automl.executors.messages import Admission, EpochReport, Verdict
    from imgcls_automl.executors.results import TrialResult
    from imgcls_automl.executors.tasks import TrialTask
    from imgcls_automl.limits import ModelCost
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.holdouts import Holdout
    from imgcls_automl.training.progress import Epoch, Progress

logger = logging.getLogger(__name__)


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
    course = Course()
    try:
        course.stored = _recall(task) or _draw(task, bench, trial)
        drawn = CandidateDrawn(number=task.number, candidate=course.stored.candidate)
        twin = admit(drawn).duplicate_of
        if twin is not None:
            raise TrialEndedError(
                "infeasible", Refusal.DUPLICATE, f"the same candidate as trial {twin}"
            )
        _train_in_memory(task, bench, course, started, report)
        cut_short = course.cause == TIMEOUT and not task.keep_partial
        if course.cause == "pruned" or cut_short or not list_scored(course.trainings):
            course.state = "pruned"
    except TrialEndedError as ended:
        course.end(ended)
    if course.state != "complete":
        drop_weights(task.folder)
    result = conclude(course, task, bench, seconds=time.time() - begun + course.before)
    write_result(task.folder, result)
    return result


def _recall(task: TrialTask) -> StoredCandidate | None:
    """The candidate that a worker, now gone, has drawn for this trial; None where it has to be drawn."""
    return read_candidate(task.folder) if task.lost is not None else recall_candidate(task.folder)


def _lost_to_memory(task: TrialTask) -> TrialEndedError | None:
    """What has ended this trial in a worker that took too much memory; None where that has not been so."""
    lost = task.lost
    if lost is None or lost.cause != Failure.OUT_OF_MEMORY:
        return None
    return TrialEndedError("failed", Failure.OUT_OF_MEMORY, lost.detail)


def _train_in_memory(
    task: TrialTask,
    bench: Bench,
    course: Course,
    started: Callable[[TrialStarted], None],
    report: Callable[[EpochReport], Verdict],
) -> None:
    """Train a candidate and, where memory is too short for that, once more at half its batch size."""
    lost = _lost_to_memory(task)
    try:
        if lost is not None:
            raise lost
        _train_folds(task, bench, course, started, report)
        return
    except TrialEndedError as ended:
        may_help = ended.cause == Failure.OUT_OF_MEMORY and not course.trains_itself
        smaller = halve_batch(course.stored, bench) if may_help else None
        if smaller is None:
            raise
        logger.warning("Trial %d is trained at half its batch size: %s", task.number, ended)
    # Out of the handler, whose exception would keep what the training before has held.
    course.stored = smaller
    bench.programs.forget()
    drop_checkpoints(task.folder)
    write_candidate(task.folder, smaller)
    _train_folds(task, bench, course, started, report)


def _train_folds(
    task: TrialTask,
    bench: Bench,
    course: Course,
    started: Callable[[TrialStarted], None],
    report: Callable[[EpochReport], Verdict],
) -> None:
    """Build and train a candidate once a fold, unless what is built is over a limit."""
    logbook = course.begin(task)
    if logbook.trainings:  # epochs after the checkpoint will be made again
        write_history(task.folder, logbook.trainings, folded=bench.is_folded)
    places = enumerate(bench.pictures.holdouts)
    left = [holdout for place, holdout in places if not logbook.has_ended(place)]
    for holdout in left:
        network = _build(task, bench, logbook.stored, holdout)
        if holdout is left[0]:
            course.trains_itself = find_own_fit(bench.space, network) is not None
            course.cost = _weigh(network, bench, task.folder)
            refuse_excess(course.cost, bench)
            lost = _lost_to_memory(task) if course.trains_itself else None
            if lost is not None:  # half a batch is nothing to it
                raise lost
            started(_describe_start(task, logbook, course.cost))
        course.cause = _train(task, bench, logbook, network, holdout, report)
        _keep_weights(task, network, holdout, logbook.trainings)
        logbook.end_training()
        if course.cause is not None:
            return


def _describe_start(task: TrialTask, logbook: Logbook, cost: ModelCost) -> TrialStarted:
    return TrialStarted(
        number=task.number,
        candidate=logbook.stored.candidate,
        parameters=cost.parameters,
        epochs=logbook.epochs,
    )


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
        raise TrialEndedError("infeasible", Refusal.DRAW, str(pruned)) from pruned
    except Exception as error:
        raise as_failure(error, bench.space, stage="suggest", folder=task.folder) from error
    # As everyone will read it: plain values, nothing of the plugin's own types.
    return read_candidate(task.folder)


def _build(task: TrialTask, bench: Bench, stored: StoredCandidate, holdout: Holdout) -> Any:
    try:
        return bench.build(task, stored, holdout)
    except Exception as error:
        raise as_failure(error, bench.space, stage="build", folder=task.folder) from error


def _weigh(network: Any, bench: Bench, folder: Path) -> ModelCost:
    try:
        return measure_cost(network, bench)
    except Exception as error:  # a forward pass is the first use of what the space has built
        raise as_failure(error, bench.space, stage="build", folder=folder) from error


def _train(
    task: TrialTask,
    bench: Bench,
    logbook: Logbook,
    network: Any,
    holdout: Holdout,
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
        bench.train(task, logbook.stored, network, holdout, logbook, on_epoch, keeps_last=False)
    except NotFiniteError as error:
        raise TrialEndedError("failed", Failure.NOT_FINITE, str(error)) from error
    except Exception as error:
        progress.stopped = "failed"
        bench.programs.forget()
        raise as_failure(error, bench.space, stage="training", folder=task.folder) from error
    return told or (None if progress.ran_its_course else progress.stopped)


def _keep_weights(
    task: TrialTask, network: Any, holdout: Holdout, trainings: list[Progress]
) -> None:
    """Save the last training's best weights, where the trial is scored by it."""
    last, scored = trainings[-1], list_scored(trainings)
    if scored and scored[-1] is last:
        save_weights(network, last.best_weights, weights_file(task.folder, holdout.fold))
