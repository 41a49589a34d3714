"""Trials that end the same way one after the other: when more of them would tell nothing, and what to say then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.executors.causes import CARRIED_OVER, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcls_automl.executors.results import TrialResult

SAME_FAILURES = 5  # in a row, after which more of them would tell nothing
INFEASIBLE_DRAWS = 30  # in a row, likewise: the space is used up, or all that is drawn cannot be


@dataclass(slots=True)
class _Row:
    """Endings of one kind that no other trial has come between; `forgiven` of them belong to an earlier command."""

    length: int = 0
    forgiven: int = 0

    def grow(self) -> None:
        self.length += 1

    def end(self) -> None:
        self.length = self.forgiven = 0

    def is_as_long_as(self, limit: int) -> bool:
        return self.length - self.forgiven >= limit


class Streak:
    """How the last trials of a search ended.

    Failures and infeasible draws are counted apart: a draw that was refused says nothing of why others fail, and the
    other way round. Only a trial that was trained ends both rows.
    """

    def __init__(self) -> None:
        self._last: TrialResult | None = None
        self._last_failure: TrialResult | None = None
        self._last_refusal: TrialResult | None = None
        self._failures = _Row()
        self._refusals = _Row()

    @classmethod
    def recall(cls, results: Iterable[TrialResult]) -> Streak:
        """Go on from trials that ended before this command, in their order.

        Where they had ended the search, whoever resumes it wants it tried again: the limits then begin anew.
        """
        streak = cls()
        for result in results:
            if result.cause != CARRIED_OVER:  # which another run has trained
                streak.note(result)
        if streak.is_hopeless:
            for row in (streak._failures, streak._refusals):
                row.forgiven = row.length
        return streak

    def note(self, result: TrialResult) -> None:
        """Count a trial that has ended."""
        self._last = result
        if result.state == "failed":
            if self._last_failure is None or self._last_failure.cause != result.cause:
                self._failures.end()
            self._failures.grow()
            self._last_failure = result
        elif result.state == "infeasible":
            self._refusals.grow()
            self._last_refusal = result
        else:
            self._failures.end()
            self._refusals.end()

    @property
    def is_hopeless(self) -> bool:
        """Whether so many ended the same way that the search has to stop."""
        return self._is_failing or self._refusals.is_as_long_as(INFEASIBLE_DRAWS)

    @property
    def _is_failing(self) -> bool:
        return self._failures.is_as_long_as(SAME_FAILURES)

    def describe(self) -> str:
        """`"5 trials in a row ended the same way (hang); more would tell nothing"`."""
        last = self._last_failure if self._is_failing else self._last_refusal
        assert last is not None
        length = self._failures.length if self._is_failing else self._refusals.length
        why = (None if self._is_failing else last.detail) or last.cause
        return f"{length} trials in a row ended the same way ({why}); more would tell nothing"

    def explain_nothing(self) -> str:
        """Say why not one trial was completed."""
        state = None if self._last is None else self._last.state
        if self._last_failure is not None and (self._is_failing or state == "failed"):
            return (
                f"No trial succeeded: {self._failures.length} in a row failed ({self._last_failure.cause}).\n"
                f"The last one, trial {self._last_failure.number}: {self._last_failure.detail}"
            )
        if self._last_refusal is not None and state == "infeasible":
            return self._explain_infeasible(self._last_refusal)
        return (
            "No trial finished an epoch in the time given.\n"
            "Give more with --timeout, or make the work smaller with --image-size."
        )

    def _explain_infeasible(self, last: TrialResult) -> str:
        told = (
            f"No trial succeeded: {self._refusals.length} candidates in a row were infeasible, the last one: "
            f"{last.detail}."
        )
        failure = self._last_failure
        if last.cause == Refusal.LIMIT:
            return f"{told}\nRaise the limit, or search a space of smaller models."
        if last.cause == Refusal.DUPLICATE and failure is not None:  # which its copies would hide
            return f"{told}\nTrial {failure.number} failed ({failure.cause}): {failure.detail}"
        return told
