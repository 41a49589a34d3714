"""95% confidence intervals. Imported in child processes only, beside the metrics."""

from __future__ import annotations

import math

import numpy as np

Estimate = dict[str, float | None]  # value, low, high

Z = 1.959963984540054  # of the normal distribution, two-sided 95%
_LEAST_FREEDOM = 12.0


def around(value: float, low: float, high: float) -> Estimate:
    """An estimate with its interval, as metrics.json holds it."""
    # A bootstrap of few pictures can leave the value just outside its own interval.
    return {
        "value": float(value),
        "low": float(min(low, value)),
        "high": float(max(high, value)),
    }


def compute_wilson_interval(hits: float, total: float) -> tuple[float, float]:
    """Interval of a proportion (Wilson, 1927); (0, 1) where there is nothing to count."""
    if total == 0:
        return 0.0, 1.0
    share, spread = hits / total, Z * Z / total
    centre = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / total / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def compute_f1_interval(hits: float, union: float) -> tuple[float, float]:
    """Interval of a class's F1 score.

    Args:
        hits: Pictures of the class that are called so.
        union: Pictures that are of the class, or called so, or both.

    hits / union (the Jaccard index J) is a proportion, and F1 = 2J / (1 + J) grows with it:
    Wilson's interval of the one becomes an interval of the other, which keeps its width where F1
    is 0 or 1.
    """
    low, high = compute_wilson_interval(hits, union)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def compute_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """The area under the ROC curve: of two classes the second's, else the macro average of one against the rest.

    Args:
        labels: (N,), every class present.
        scores: (N, K), K >= 2.
    """
    classes = scores.shape[1]
    areas = []
    for index in range(classes) if classes > 2 else [1]:
        positive = labels == index
        ours, others = int(positive.sum()), int((~positive).sum())
        # By Mann and Whitney (1947): how many of the others those of the class stand above.
        above = _rank(scores[:, index])[positive].sum() - ours * (ours + 1) / 2
        areas.append(above / (ours * others))
    return float(np.mean(areas))


def compute_auc_interval(
    value: float, labels: np.ndarray, scores: np.ndarray
) -> tuple[float, float]:
    """Interval of the macro-averaged one-against-rest area under the ROC curve.

    DeLong et al. (1988): an area is a mean over pictures, and the variance of what single pictures
    add gives its own; the interval is symmetric on the logit scale, and so stays inside 0 and 1.

    Args:
        value: The area.
        labels: (N,), every class present.
        scores: (N, K).
    """
    from scipy.stats import t as student

    count, classes = scores.shape
    influence = np.zeros(count)
    for index in range(classes):
        positive = labels == index
        above = _rank(scores[:, index])
        ours, others = positive.sum(), count - positive.sum()
        # The share of pictures of the other kind that each picture is ranked rightly against.
        placed = np.empty(count)
        placed[positive] = (above[positive] - _rank(scores[positive, index])) / others
        placed[~positive] = 1 - (above[~positive] - _rank(scores[~positive, index])) / ours
        area = placed[positive].mean()
        influence += (placed - area) * np.where(positive, count / ours, count / others) / classes
    error = math.sqrt(float(influence @ influence)) / count
    # Where nothing varies, the rarest class's pictures are counted as trials.
    if error == 0 or not 0 < value < 1:
        rarest = int(np.bincount(labels).min())
        return compute_wilson_interval(round(value * rarest), rarest)
    # Of many pictures a few may decide: as many degrees of freedom as would vary alike (Satterthwaite, 1946), but no
    # fewer than make an interval useful.
    freedom = float((influence**2).sum() ** 2 / (influence**4).sum())
    step = float(student.ppf(0.975, max(_LEAST_FREEDOM, freedom)))
    logit, half = math.log(value / (1 - value)), step * error / (value * (1 - value))
    return _expit(logit - half), _expit(logit + half)


def _rank(values: np.ndarray) -> np.ndarray:
    # From 1; equal values share the mean of their ranks.
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
