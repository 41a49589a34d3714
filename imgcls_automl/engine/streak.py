"""Trials that end the same way one after the other: when more of them would tell nothing, and what to say then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.executors.causes import Refusal

if TYPE_CHECKING:
    from imgcls_automl.executors.results import TrialResult

SAME_FAILURES = 5  # in a row, after which more of them would tell nothing
INFEASIBLE_DRAWS = 30  # in a row, likewise: the space is used up, or all that is drawn cannot be


class Streak:
    """How the last trials of a search ended."""

    def __init__(self) -> None:
        self._last: TrialResult | None = None
        self._last_failure: TrialResult | None = None
        self._length = 0

    def note(self, result: TrialResult) -> None:
        """Count a trial that has ended."""
        last, self._last = self._last, result
        if result.state not in ("failed", "infeasible"):
            self._length = 0
        elif last is not None and _ends_alike(last, result):
            self._length += 1
        else:
            self._length = 1
        if result.state == "failed":
            self._last_failure = result

    @property
    def is_hopeless(self) -> bool:
        """Whether so many ended the same way that the search has to stop."""
        infeasible = self._last is not None and self._last.state == "infeasible"
        return self._length >= (INFEASIBLE_DRAWS if infeasible else SAME_FAILURES)

    def describe(self) -> str:
        """`"5 trials in a row ended the same way (hang); more would tell nothing"`."""
        assert self._last is not None
        infeasible = self._last.state == "infeasible"
        why = (self._last.detail if infeasible else None) or self._last.cause
        return f"{self._length} trials in a row ended the same way ({why}); more would tell nothing"

    def explain_nothing(self) -> str:
        """Say why not one trial was completed."""
        last = self._last
        if last is not None and last.state == "failed":
            return (
                f"No trial succeeded: {self._length} in a row failed ({last.cause}).\n"
                f"The last one, trial {last.number}: {last.detail}"
            )
        if last is not None and last.state == "infeasible":
            return self._explain_infeasible(last)
        return (
            "No trial finished an epoch in the time given.\n"
            "Give more with --timeout, or make the work smaller with --image-size."
        )

    def _explain_infeasible(self, last: TrialResult) -> str:
        told = (
            f"No trial succeeded: {self._length} candidates in a row were infeasible, the last one: "
            f"{last.detail}."
        )
        failure = self._last_failure
        if last.cause == Refusal.LIMIT:
            return f"{told}\nRaise the limit, or search a space of smaller models."
        if last.cause == Refusal.DUPLICATE and failure is not None:  # which its copies would hide
            return f"{told}\nTrial {failure.number} failed ({failure.cause}): {failure.detail}"
        return told


def _ends_alike(one: TrialResult, other: TrialResult) -> bool:
    """Whether both failed of one cause, or were infeasible, of whatever cause."""
    if one.state == other.state == "infeasible":
        return True
    return (one.state, one.cause) == (other.state, other.cause)
