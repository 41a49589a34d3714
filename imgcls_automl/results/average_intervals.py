"""95% intervals of averages over classes and of the log loss, for few pictures and rare errors too.

A bootstrap has nothing to vary where hardly a picture is wrong: of 30 pictures at 99% accuracy its interval of the log
loss holds the truth less than half of the time. `benchmarks/coverage.py` shows how often these do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from imgcls_automl.results.intervals import (
    Z,
    compute_f1_interval,
    compute_wilson_interval,
)

Interval = tuple[float, float]

# Pictures that are added to each class, or to the losses, where their spread is estimated: without them a class that is
# told without an error would seem to vary not at all. The value itself is left as it is.
_ADDED = 2.0


def compute_average_intervals(confusion: np.ndarray) -> dict[str, Interval]:
    """Intervals of balanced_accuracy, macro_recall and macro_f1, by name.

    Args:
        confusion: As of `compute_balanced_accuracy_interval`.
    """
    low, high = compute_balanced_accuracy_interval(confusion)
    shown = confusion.any(axis=1)
    share = shown.sum() / (shown | confusion.any(axis=0)).sum()
    return {
        "balanced_accuracy": (low, high),
        # Classes that are only predicted add none.
        "macro_recall": (low * share, high * share),
        "macro_f1": compute_macro_f1_interval(confusion),
    }


def compute_balanced_accuracy_interval(confusion: np.ndarray) -> Interval:
    """Interval of the mean recall.

    Args:
        confusion: Counts (K, K), rows the true class; classes without pictures do not count.
    """
    support, hits = confusion.sum(axis=1), np.diag(confusion)
    present = support > 0
    recalls = hits[present] / support[present]
    each = [
        compute_wilson_interval(right, seen)
        for right, seen in zip(hits[present], support[present], strict=True)
    ]
    return _span(_combine(recalls, each), _pool(confusion, _vary_mean_recall))


def compute_macro_f1_interval(confusion: np.ndarray) -> Interval:
    """Interval of the mean F1 score over the classes that occur among labels or predictions.

    Args:
        confusion: As of `compute_balanced_accuracy_interval`.
    """
    occurring = confusion.any(axis=1) | confusion.any(axis=0)
    confusion = confusion[np.ix_(occurring, occurring)]
    support, called, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    scores, unions = 2 * hits / (support + called), support + called - hits
    each = [compute_f1_interval(right, union) for right, union in zip(hits, unions, strict=True)]
    return _span(_combine(scores, each), _pool(confusion, _vary_macro_f1))


def compute_log_loss_interval(probabilities: np.ndarray, labels: np.ndarray) -> Interval:
    """Interval of the mean cross-entropy.

    A score interval like Wilson's, for a loss whose variance grows with its mean. Mean and variance are those of the
    losses and, where few pictures are wrong, partly those that the model's own probabilities let one expect.

    Args:
        probabilities: (N, K), above 0.
        labels: Class indices (N,).
    """
    from scipy.stats import t as student

    count = len(labels)
    logs = np.log(probabilities)
    losses = -logs[np.arange(count), labels]
    expected = -(probabilities * logs).sum(axis=1)
    variances = (probabilities * logs**2).sum(axis=1) - expected**2
    errors = int((probabilities.argmax(axis=1) != labels).sum())
    seen = errors / (errors + _ADDED)
    mean = seen * losses.mean() + (1 - seen) * expected.mean()
    variance = seen * losses.var() * count / max(1, count - 1)
    variance += (1 - seen) * (variances.mean() + expected.var())
    step = student.ppf(0.975, max(1, count - 1)) ** 2 * variance / max(mean, 1e-12) / count
    middle = losses.mean() + step / 2
    half = math.sqrt(max(0.0, middle**2 - losses.mean() ** 2))
    return max(0.0, middle - half), middle + half


def _span(one: Interval, other: Interval) -> Interval:
    # The first is right where classes differ in size, the second where there are many with few pictures each.
    return max(0.0, min(one[0], other[0])), min(1.0, max(one[1], other[1]))


def _combine(values: np.ndarray, each: list[Interval]) -> Interval:
    """The mean of independent values from the interval of each (Zou & Donner, 2008: variance estimates recovery)."""
    low, high = np.array(each).T
    mean, count = float(values.mean()), len(values)
    below = math.sqrt(((values - low) ** 2).sum()) / count
    above = math.sqrt(((high - values) ** 2).sum()) / count
    return mean - below, mean + above


def _pool(confusion: np.ndarray, vary: Callable[[np.ndarray], tuple[float, float]]) -> Interval:
    """Wilson's interval for the number of pictures at which a proportion varies as much (Korn & Graubard, 1998)."""
    value, _ = vary(confusion)
    smoothed, spread = vary(_smooth(confusion))
    if spread <= 0:
        return 0.0, 1.0
    pictures = smoothed * (1 - smoothed) / (spread / confusion.sum())
    return compute_wilson_interval(value * pictures, pictures)


def _smooth(confusion: np.ndarray) -> np.ndarray:
    """Add pictures to each class that has some, as right and wrong as all pictures are."""
    count, classes = confusion.sum(), len(confusion)
    right = (np.trace(confusion) + Z * Z / 2) / (count + Z * Z)
    added = np.full(confusion.shape, (1 - right) / max(1, classes - 1))
    np.fill_diagonal(added, right)
    present = confusion.sum(axis=1) > 0
    smoothed: np.ndarray = confusion + _ADDED * added * present[:, None]
    return smoothed


def _vary_mean_recall(confusion: np.ndarray) -> tuple[float, float]:
    """The mean recall, and the variance that one picture adds to it (delta method)."""
    support, hits = confusion.sum(axis=1), np.diag(confusion)
    present = support > 0
    recalls = hits[present] / support[present]
    shares = support[present] / confusion.sum()
    return float(recalls.mean()), float(
        (recalls * (1 - recalls) / shares).sum() / present.sum() ** 2
    )


def weigh_macro_f1(confusion: np.ndarray) -> tuple[float, np.ndarray]:
    """The macro F1 score, and what a picture of a row's class, called by a column's name, moves it by (K, K).

    It is that of `training.scoring`: the mean over the classes that occur among labels or predictions.
    """
    support, called, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    occurring, total = support + called > 0, confusion.sum()
    sizes = np.maximum(support + called, 1e-12)
    scores = 2 * hits / sizes
    weights = occurring / (sizes / total) / occurring.sum()
    moves = -(weights * scores)[:, None] - (weights * scores)[None, :]
    np.fill_diagonal(moves, moves.diagonal() + 2 * weights)
    return float(scores[occurring].mean()), moves


def _vary_macro_f1(confusion: np.ndarray) -> tuple[float, float]:
    """The macro F1 score, and the variance that one picture adds to it (delta method)."""
    score, moves = weigh_macro_f1(confusion)
    shares = confusion / confusion.sum()
    centred = moves - (shares * moves).sum()
    return score, float((shares * centred**2).sum())
