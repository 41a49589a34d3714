"""What is on record of a trial whose worker was lost: what it had reached, and why it ended."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from imgcls_automl.executors.results import TrialResult
from imgcls_automl.trial_files import (
    HISTORY,
    drop_checkpoints,
    drop_weights,
    read_result,
    write_result,
)

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.messages import WorkerLost
    from imgcls_automl.executors.tasks import TrialTask


def record_lost_trial(
    plan: SearchPlan,
    task: TrialTask,
    lost: WorkerLost,
    *,
    seconds: float,
    parameters: int | None,
) -> TrialResult:
    """Write result.json in the place of the worker that cannot, and drop the trial's weights.

    A result that the worker had written before it was lost stands, and its weights are kept: the trial has ended by it.

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
    result = TrialResult(
        number=task.number,
        state="failed",
        score=None,
        metric=plan.metric,
        epoch=None,
        epochs=_count_epochs(task.folder),
        planned_epochs=task.epochs * plan.folds,
        seconds=seconds,
        parameters=parameters,
        cause=lost.cause,
        detail=lost.detail,
    )
    write_result(task.folder, result)
    drop_weights(task.folder)  # of folds that were over before
    return result


def _count_epochs(folder: Path) -> int:
    """The epochs a trial has finished, over all folds and, where it was resumed, all processes."""
    history = folder / HISTORY
    if not history.is_file():
        return 0
    with history.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))
