"""What is on record of a trial whose worker was lost: what it had reached, and why it ended."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from imgcls_automl.executors.causes import TIMEOUT, Failure
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.trial_files import (
    CANDIDATE,
    drop_checkpoints,
    drop_weights,
    has_checkpoint,
    read_result,
    write_result,
)
from imgcls_automl.trial_history import read_history, score_column

if TYPE_CHECKING:
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.messages import WorkerLost
    from imgcls_automl.executors.tasks import TrialTask

logger = logging.getLogger(__name__)

_NO_METRICS = ("epoch", "seconds", "fold")  # columns of history.csv beside the metrics


def take_up(task: TrialTask, lost: WorkerLost) -> TrialTask | None:
    """What another worker is given to do for a trial whose worker was lost; None where the trial ends with it.

    Out of memory it is tried once more at half its batch size. One that the end of its time has overtaken is concluded
    with the epochs of its checkpoint, where there is no other model yet.
    """
    if read_result(task.folder) is not None:
        return None
    if lost.cause == Failure.OUT_OF_MEMORY:
        may_help = task.lost is None and (task.folder / CANDIDATE).is_file()
    else:
        tried = task.lost is not None and task.lost.cause == TIMEOUT
        has_epochs = task.keep_partial and has_checkpoint(task.folder)
        may_help = lost.cause == TIMEOUT and has_epochs and not tried
    if not may_help:
        return None
    logger.warning("Another worker takes up trial %d: %s.", task.number, lost.detail)
    return replace(task, lost=lost)


def record_lost_trial(
    plan: SearchPlan,
    task: TrialTask,
    lost: WorkerLost,
    *,
    seconds: float,
    parameters: int | None,
) -> TrialResult:
    """Write result.json in the place of the worker that cannot, and drop the trial's weights.

    It has failed or, where only its time was up, is pruned like others that the end of the search has cut short. A
    result that the worker had written before it was lost stands, and its weights are kept: the trial has ended by it.

    Args:
        plan: The metric and the number of folds.
        task: The trial.
        lost: How it ended.
        seconds: That it had taken.
        parameters: Of its network; None where it was never built.
    """
    written = read_result(task.folder)
    if written is not None:
        drop_checkpoints(task.folder)
        return written
    history = read_history(task.folder)
    late = lost.cause == TIMEOUT
    best = _find_best(plan, history) if late else None
    result = TrialResult(
        number=task.number,
        state="pruned" if late else "failed",
        score=best[score_column(plan.metric)] if best else None,
        metric=plan.metric,
        epoch=int(best["epoch"]) if best and plan.folds == 1 else None,
        epochs=len(history),
        planned_epochs=task.epochs * plan.folds,
        seconds=seconds,
        parameters=parameters,
        cause=lost.cause,
        detail=lost.detail,
        metrics={name: it for name, it in best.items() if name not in _NO_METRICS} if best else {},
    )
    write_result(task.folder, result)
    drop_weights(task.folder)  # of folds that were over before
    return result


def _find_best(plan: SearchPlan, history: list[dict[str, float]]) -> dict[str, float] | None:
    """The best epoch on record of a trial, with folds of its first training; None where none was finished."""
    from imgcls_automl.training.scoring import is_better

    column, best = score_column(plan.metric), None
    for epoch in history:
        is_first = epoch.get("fold", 1.0) == 1.0 and column in epoch
        if is_first and is_better(plan.metric, epoch[column], best[column] if best else None):
            best = epoch
    return best
