"""How much may still be spent: trials, and seconds with the refit's share kept back."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from imgcls_automl.pacing import SAFETY, Pacing

CLOSING_SECONDS = 10.0  # saving and testing the model, leaderboard and report, of a small data set
QUIET_SECONDS = 5.0  # that it takes where nothing else runs, to be multiplied where much does
CLOSING_SHARE = 0.1  # of the time at most for more of it, of many pictures or on a slow machine
FIRST_SHARE = 0.35  # of the time, kept back while no epoch has been measured
LATER_SHARE = 0.6  # of the time at most for retraining and refit


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

    @property
    def later_seconds(self) -> float:
        """For the trainings that follow the search, as they are measured, at most; infinite for no limit."""
        if self.seconds is None:
            return math.inf
        return (self.seconds * LATER_SHARE - CLOSING_SECONDS) / SAFETY

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

    def closing_seconds(self, looks: float = 0.0, crowding: float = 1.0) -> float:
        """What is kept back for all that follows the refit's training.

        Args:
            looks: Seconds that the pictures of the test and those held out are going to take, as validation's did.
            crowding: As of `machine.measure_crowding`.
        """
        more = max(0.0, QUIET_SECONDS * crowding - CLOSING_SECONDS) + looks
        return CLOSING_SECONDS + min(more, CLOSING_SHARE * (self.seconds or 0.0))

    def refit_deadline(self, closing: float = CLOSING_SECONDS) -> float | None:
        """When the last training is ended, finished or not; `closing` is what has to follow it."""
        return None if self.deadline is None else self.deadline - closing / 2

    def pace(
        self,
        epoch_seconds: float,
        *,
        later: float = 0.0,
        closing: float = CLOSING_SECONDS,
        least: int = 1,
    ) -> Pacing | None:
        """The time that a training's schedule has to fit into; None where it has all it needs.

        Args:
            epoch_seconds: That an epoch is expected to take.
            later: Seconds of other trainings that are to follow it.
            closing: Seconds of what follows them all.
            least: As in `Pacing`.
        """
        if self.deadline is None:
            return None
        until = self.deadline - closing - later * SAFETY
        return Pacing(until=until, epoch_seconds=epoch_seconds, least=least)

    def has_time_for(self, seconds: float, *, safety: float = SAFETY) -> bool:
        """Whether work that should take some seconds, and `safety` times as many at worst, fits into what is left."""
        return (
            self.deadline is None
            or seconds * safety <= self.deadline - CLOSING_SECONDS - time.time()
        )
