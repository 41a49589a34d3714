"""Which retrained candidates an ensemble is made of: greedy selection with replacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.training.scoring import EPOCH_METRIC, score_logits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.engine.opinions import Opinion

ROUNDS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """What was chosen.

    Attributes:
        counts: How often each opinion was taken, the winner's first and once at least.
        score: The selection metric of their average on validation.
        loss: Its log loss.
        single_score: The winner's score by its first opinion alone.
        single_loss: Its log loss.
    """

    counts: tuple[int, ...]
    score: float
    loss: float
    single_score: float
    single_loss: float

    @property
    def shares(self) -> tuple[float, ...]:
        """What each counts; they sum to 1."""
        return tuple(count / sum(self.counts) for count in self.counts)

    @property
    def chosen(self) -> tuple[int, ...]:
        """The places of those beside the winner's first that were taken."""
        return tuple(place for place, count in enumerate(self.counts) if place and count)


def choose_ensemble(
    opinions: Sequence[Opinion], metric: str, *, most: int | None = None
) -> Ensemble:
    """Choose greedily, with replacement (Caruana et al., 2004, doi:10.1145/1015330.1015432).

    Beginning with the winner, the opinion is added, again and again, whose addition makes the average best by the
    metric or, of equals, by log loss. Of all averages on the way the best is taken, of equals the smallest, so that the
    winner stays alone where nothing is better.

    Args:
        opinions: On the same pictures, the winner's first.
        metric: Selection metric.
        most: Different ones at most, where the time is too short for more.
    """
    labels = opinions[0].labels
    probabilities = [np.exp(it.logs) for it in opinions]
    counts = [1] + [0] * (len(opinions) - 1)
    total = probabilities[0]
    single = best = _rate(labels, total, metric)
    best_counts = list(counts)
    for taken in range(2, ROUNDS + 1):
        full = most is not None and sum(count > 0 for count in counts) >= most
        allowed = [place for place, count in enumerate(counts) if count or not full]
        rated = {
            place: _rate(labels, (total + probabilities[place]) / taken, metric)
            for place in allowed
        }
        added = max(rated, key=rated.__getitem__)
        counts[added] += 1
        total = total + probabilities[added]
        if rated[added] > best:
            best, best_counts = rated[added], list(counts)
    sign = -1 if metric == "log_loss" else 1
    return Ensemble(
        counts=tuple(best_counts),
        score=sign * best[0],
        loss=-best[1],
        single_score=sign * single[0],
        single_loss=-single[1],
    )


def average(opinions: Sequence[Opinion], shares: Sequence[float]) -> np.ndarray:
    """The logarithms of the average probabilities (N, K)."""
    weighted = [share * np.exp(it.logs) for it, share in zip(opinions, shares, strict=True)]
    logs: np.ndarray = np.log(np.sum(weighted, axis=0) + np.finfo("float64").tiny)
    return logs


def _rate(labels: np.ndarray, probabilities: np.ndarray, metric: str) -> tuple[float, float]:
    """How good probabilities are, first by the metric and then by log loss: more is better."""
    scores = score_logits(labels, np.log(probabilities + np.finfo("float64").tiny))
    score = scores[EPOCH_METRIC[metric]]
    # The same average summed in another order is no better.
    return round(-score if metric == "log_loss" else score, 9), round(-scores["val_loss"], 9)
