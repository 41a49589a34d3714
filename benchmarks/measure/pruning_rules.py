"""The pruners that a replay compares: Optuna's, with several settings, and the one that imgcls-automl chooses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from optuna.pruners import HyperbandPruner, NopPruner, PercentilePruner

from imgcls_automl.engine.pruning import choose_pruner

if TYPE_CHECKING:
    from collections.abc import Callable

    from optuna.pruners import BasePruner

FIRST_LOOKS = tuple(Fraction(1, parts) for parts in (6, 4, 3, 2))  # shares of the schedule

# Among how many percent of the best before it a trial has to be, what that means, and the startups to try.
PERCENTILES = (
    (50.0, "median", (2, 4)),
    (25.0, "best quarter goes on", (4,)),
    (75.0, "worst quarter is cut", (2, 4)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pruner to try.

    Attributes:
        name: Names it in the table.
        make: Makes it.
        startup: Complete trials it wants to have seen; None where it knows no such thing.
        first_look: The epoch after which it first judges a trial; None likewise.
    """

    name: str
    make: Callable[[], BasePruner]
    startup: int | None = None
    first_look: int | None = None


def count_epochs(share: Fraction, epochs: int) -> int:
    """A share of a schedule in whole epochs, no less."""
    return math.ceil(share * epochs)


def list_rules(epochs: int) -> list[Rule]:
    """All rules for trials of so many planned epochs."""
    looks = sorted({count_epochs(share, epochs) for share in FIRST_LOOKS})
    rules = [
        _cut_below(percentile, words, startup, look)
        for percentile, words, startups in PERCENTILES
        for startup in startups
        for look in looks
    ]
    rules += [_halve(look, epochs) for look in sorted({1, count_epochs(Fraction(1, 3), epochs)})]
    ours = partial(choose_pruner, epochs=epochs)
    return [Rule(name="none", make=NopPruner), *rules, Rule(name="imgcls-automl", make=ours)]


def _cut_below(percentile: float, words: str, startup: int, look: int) -> Rule:
    make = partial(PercentilePruner, percentile, n_startup_trials=startup, n_warmup_steps=look)
    return Rule(name=words, make=make, startup=startup, first_look=look)


def _halve(look: int, epochs: int) -> Rule:
    make = partial(HyperbandPruner, min_resource=look, max_resource=epochs)
    return Rule(name="Hyperband", make=make, first_look=look)
