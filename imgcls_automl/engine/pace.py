"""How long an epoch takes, and so how much time has to be kept back for what follows the search."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from imgcls_automl.executors.tasks import MemberTask, RetrainTask
from imgcls_automl.pacing import Pacing, spread_time
from imgcls_automl.trial_files import read_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.results import TrialResult

Training = TypeVar("Training", RetrainTask, MemberTask)


class Pace:
    """Times epochs by the trial that would be refitted as things stand; before there is one, by single epochs."""

    def __init__(self, plan: SearchPlan) -> None:
        self._plan = plan
        self._epoch_seconds: float | None = None
        self._timed = False  # by such a trial

    def note_epoch(self, seconds: float) -> bool:
        """Time by an epoch where nothing better is known; tells whether that has changed anything.

        A first epoch compiles: taken for all that follow it, it would end a first trial of many folds too soon.
        """
        if self._epoch_seconds is not None and (self._timed or seconds >= self._epoch_seconds):
            return False
        self._epoch_seconds = seconds
        return True

    def note_best(self, result: TrialResult) -> None:
        """Time by the best trial."""
        if result.epochs:
            self._epoch_seconds, self._timed = result.seconds / result.epochs, True

    def deadline(self) -> float | None:
        """When the search has to end, in seconds since the epoch; None for never."""
        later = None
        if self._epoch_seconds is not None:
            later = self._epoch_seconds * self._plan.epochs * self._plan.later_trainings
        return self._plan.budget.search_deadline(later)

    def is_out_of_time(self) -> bool:
        """Whether it has come."""
        deadline = self.deadline()
        return deadline is not None and time.time() >= deadline


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
        replace(task, pacing=Pacing(until=end, epoch_seconds=epoch)) if task.epochs else task
        for task, end, epoch in zip(tasks, ends, seconds, strict=True)
    ]
