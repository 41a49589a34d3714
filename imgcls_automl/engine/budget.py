"""How much may still be spent: trials, and seconds with the refit's share kept back."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

CLOSING_SECONDS = 10.0  # saving and testing the model, leaderboard and report
FIRST_SHARE = 0.35  # of the time, kept back while no epoch has been measured
LATER_SHARE = 0.6  # of the time at most for retraining and refit
SAFETY = 1.15  # on a measured epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The limits of one search.

    Attributes:
        trials: Over the whole study; None for no limit.
        started: When the command began, in seconds since the epoch.
        seconds: For the whole command; None for no limit.
        patience: Trials in a row without a new best after which the search ends; None for no limit.
    """

    trials: int | None
    started: float
    seconds: float | None
    patience: int | None = None

    @property
    def deadline(self) -> float | None:
        """When the command has to be done, in seconds since the epoch."""
        return None if self.seconds is None else self.started + self.seconds

    def search_deadline(self, later_seconds: float | None) -> float | None:
        """When the search has to end to leave time for what follows it.

        Args:
            later_seconds: What retraining and refit take, as the best trial's measured epochs tell; None while there
                is no such trial.
        """
        if self.seconds is None:
            return None
        share = self.seconds * FIRST_SHARE
        if later_seconds is not None:
            # A small budget is better shared between search and refit than spent on a full refit.
            share = min(later_seconds * SAFETY + CLOSING_SECONDS, self.seconds * LATER_SHARE)
        return self.started + self.seconds - share

    def refit_deadline(self) -> float | None:
        """When the refit's training has to end."""
        return None if self.deadline is None else self.deadline - CLOSING_SECONDS / 2

    def has_time_for(self, seconds: float) -> bool:
        """Whether work that should take some seconds fits into what is left."""
        return (
            self.deadline is None
            or seconds * SAFETY <= self.deadline - CLOSING_SECONDS - time.time()
        )

    def affordable_epochs(self, epoch_seconds: float, planned: int) -> int:
        """How many epochs of a refit fit into what is left: at most `planned`, 0 where none does."""
        if self.deadline is None:
            return planned
        left = self.deadline - CLOSING_SECONDS - time.time()
        return max(0, min(planned, math.floor(left / (epoch_seconds * SAFETY))))
