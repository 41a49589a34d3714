"""How trials end, compared and told: what many alike, one after the other, say of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.executors.causes import Refusal

if TYPE_CHECKING:
    from imgcls_automl.executors.results import TrialResult


def ends_alike(one: TrialResult, other: TrialResult) -> bool:
    """Whether two trials ended the same way: failed of one cause, or infeasible, of whatever cause."""
    if one.state == other.state == "infeasible":
        return True
    return (one.state, one.cause) == (other.state, other.cause)


def describe_infeasible(last: TrialResult, streak: int, failure: TrialResult | None) -> str:
    """Say why no trial succeeded where candidate after candidate was infeasible.

    Args:
        last: The last of them.
        streak: How many they are.
        failure: The last trial that failed, which copies of its candidate would hide.
    """
    told = f"No trial succeeded: {streak} candidates in a row were infeasible, the last one: {last.detail}"
    if last.cause == Refusal.LIMIT:
        return f"{told}.\nRaise the limit, or search a space of smaller models."
    if last.cause == Refusal.DUPLICATE and failure is not None:
        return f"{told}.\nTrial {failure.number} failed ({failure.cause}): {failure.detail}"
    return told
