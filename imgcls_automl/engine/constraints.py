"""What the sampler learns of candidates that could not be trained: constraints that they break."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.executors.results import TrialResult

BROKEN = 1.0  # where there is no measure of how far a candidate is from one that can be trained


def list_constraints(result: TrialResult) -> dict[str, float]:
    """The constraints a trial breaks, by name, above 0: the smaller, the nearer it is to a candidate that keeps them.

    A failed trial breaks one as an infeasible draw does. Told as a mere failure it would teach nothing: the sampler
    models complete, pruned and infeasible trials alone. A duplicate breaks one too, even of the best candidate: the
    sampler looks beside it then. Told its twin's score instead, it draws more duplicates and finds no better ones.
    """
    if result.state == "failed":
        return {str(result.cause): BROKEN}
    if result.state == "infeasible":
        return result.violations or {str(result.cause): BROKEN}
    return {}
