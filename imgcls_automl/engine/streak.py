"""Trials that end the same way one after the other: when more of them would tell nothing, and what to say then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.executors.results import TrialResult

SAME_FAILURES = 5  # in a row, after which more of them would tell nothing
INFEASIBLE_DRAWS = 30  # in a row, likewise: the space is used up, or all that is drawn cannot be


class Streak:
    """How the last trials of a search ended."""

    def __init__(self) -> None:
        self._last: TrialResult | None = None
        self._length = 0

    def note(self, result: TrialResult) -> None:
        """Count a trial that has ended."""
        last, self._last = self._last, result
        if result.state not in ("failed", "infeasible"):
            self._length = 0
        elif last is not None and (last.state, last.cause) == (result.state, result.cause):
            self._length += 1
        else:
            self._length = 1

    @property
    def is_hopeless(self) -> bool:
        """Whether so many ended the same way that the search has to stop."""
        infeasible = self._last is not None and self._last.state == "infeasible"
        return self._length >= (INFEASIBLE_DRAWS if infeasible else SAME_FAILURES)

    def describe(self) -> str:
        """`"5 trials in a row ended the same way (build)"`."""
        assert self._last is not None
        return f"{self._length} trials in a row ended the same way ({self._last.cause or self._last.state})"

    def explain_nothing(self) -> str:
        """Say why not one trial was completed."""
        last = self._last
        if last is not None and last.state == "failed":
            return (
                f"No trial succeeded: {self._length} in a row failed ({last.cause}).\n"
                f"The last one, trial {last.number}: {last.detail}"
            )
        if last is not None and last.state == "infeasible":
            return f"No trial succeeded: {self._length} candidates in a row were infeasible: {last.detail}"
        return (
            "No trial finished an epoch in the time given.\n"
            "Give more with --timeout, or make the work smaller with --image-size."
        )
