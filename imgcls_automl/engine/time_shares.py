"""The time before the refit, shared out among the trainings that come before it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from imgcls_automl.executors.tasks import MemberTask, RetrainTask
from imgcls_automl.pacing import Pacing, find_least, spread_time
from imgcls_automl.trial_files import read_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.engine.planning import SearchPlan

Training = TypeVar("Training", RetrainTask, MemberTask)


def measure_epoch(plan: SearchPlan, number: int) -> float:
    """Seconds an epoch of a finished trial took, all it cost shared out."""
    result = read_result(plan.folder / str(number))
    assert result is not None
    return result.seconds / max(1, result.epochs)


def pace_trainings(
    tasks: Sequence[Training], plan: SearchPlan, *, workers: int, later: float, growth: float = 1.0
) -> list[Training]:
    """Share the time out among trainings, by what each is expected to take.

    Args:
        tasks: In the order in which they are begun; those that train nothing stay as they are.
        plan: Its budget, and the trials that tell how long an epoch takes.
        workers: How many trainings there are at a time.
        later: Seconds of a training that follows them all.
        growth: Pictures that they learn from over those that a trial's training does.
    """
    seconds = [measure_epoch(plan, task.number) * growth for task in tasks]
    whole = plan.budget.pace(1.0, later=later)
    if whole is None:
        return list(tasks)
    durations = [it * task.epochs for it, task in zip(seconds, tasks, strict=True)]
    ends = spread_time(durations, workers, begin=time.time(), until=whole.until)
    return [
        replace(task, pacing=Pacing(until=end, epoch_seconds=epoch, least=find_least(task.epochs)))
        if task.epochs
        else task
        for task, end, epoch in zip(tasks, ends, seconds, strict=True)
    ]
