"""How long an epoch takes, and so how much time has to be kept back for what follows the search."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.results import TrialResult


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
