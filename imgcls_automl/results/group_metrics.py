"""How well each group of the data is told, such as the pictures of one patient. For child processes only."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.results.average_intervals import (
    compute_average_intervals,
    compute_log_loss_interval,
    weigh_macro_f1,
)
from imgcls_automl.results.intervals import (
    around,
    compute_auc,
    compute_auc_interval,
    compute_wilson_interval,
)
from imgcls_automl.results.judged_pictures import SMALLEST_SHARE, compute_calibration_error
from imgcls_automl.results.resampling import average_over_classes, bootstrap_intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcls_automl.results.intervals import Estimate
    from imgcls_automl.results.judged_pictures import JudgedPictures

# Above it, it counts too whether a picture's class is among the likeliest.
MANY_CLASSES = 10
TOP = 5
# Of one picture, as probabilities are clipped: what so few pictures tell could be above it.
_LARGEST_LOSS = -math.log(SMALLEST_SHARE)
_AVERAGES = (
    "balanced_accuracy",
    *("macro_precision", "macro_recall", "macro_f1"),
    *("weighted_precision", "weighted_recall", "weighted_f1"),
)


def compute_groups(
    pictures: JudgedPictures, groups: Sequence[str | None], *, seed: int
) -> dict[str, dict[str, Any]]:
    """Measure each group by itself.

    Averages over classes are taken over those of the group's own pictures and predictions. They are unknown where all
    its pictures are of a single class: what such a group cannot be told is whether another class would be called by
    that name, too. The ROC AUC is unknown where it lacks a picture of any class.

    Args:
        pictures: N of them, in K classes.
        groups: The group of each picture (N,), or None where it has none.
        seed: Of the bootstrap.

    Returns:
        By group, in the order of their names: the metrics that `compute_metrics` names, as {value, low, high}, all None
        where unknown, and the number of pictures as support.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        if group is not None:
            members[group].append(place)
    if not members:
        return {}
    owned = {group: np.array(members[group]) for group in sorted(members)}
    resampled = bootstrap_intervals(pictures, list(owned.values()), seed=seed)
    return {
        group: _measure(pictures.take(places), intervals)
        for (group, places), intervals in zip(owned.items(), resampled, strict=True)
    }


def _measure(
    pictures: JudgedPictures, resampled: Mapping[str, tuple[float, float]]
) -> dict[str, Any]:
    # Without scikit-learn, which measures the test as a whole: its milliseconds a metric add up over many groups.
    count = len(pictures)
    proportions = {"accuracy": _make_proportion(pictures.hits, count)}
    if pictures.scores.shape[1] > MANY_CLASSES:
        proportions["top_5_accuracy"] = _make_proportion(_count_top(pictures), count)
    calibration = resampled["expected_calibration_error"]
    return {
        **proportions,
        **_average(pictures, resampled),
        "log_loss": _compute_log_loss(pictures),
        "expected_calibration_error": around(compute_calibration_error(pictures), *calibration),
        "roc_auc": _compute_roc_auc(pictures),
        "support": count,
    }


def _average(
    pictures: JudgedPictures, resampled: Mapping[str, tuple[float, float]]
) -> dict[str, Estimate]:
    confusion = _count_confusions(pictures.labels, pictures.predicted)
    support, called, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    present = support > 0
    if present.sum() < 2:
        return {name: _make_unknown() for name in _AVERAGES}
    recalls = hits[present] / support[present]
    one_group = np.zeros(len(confusion), dtype=np.int64)
    weighed = average_over_classes(support=support, called=called, hits=hits, owners=one_group)
    values = {
        "balanced_accuracy": recalls.mean(),
        # Each class of the confusion occurs among labels or predictions.
        "macro_recall": recalls.sum() / len(confusion),
        "macro_f1": weigh_macro_f1(confusion)[0],
        "weighted_recall": pictures.hits / len(pictures),
        **{name: float(value[0]) for name, value in weighed.items()},
    }
    intervals = {**resampled, **compute_average_intervals(confusion)}
    return {name: around(values[name], *intervals[name]) for name in _AVERAGES}


def _compute_log_loss(pictures: JudgedPictures) -> Estimate:
    losses = -np.log(pictures.clipped[np.arange(len(pictures)), pictures.labels])
    low, high = compute_log_loss_interval(pictures.clipped, pictures.labels)
    return around(losses.mean(), low, min(high, _LARGEST_LOSS))


def _compute_roc_auc(pictures: JudgedPictures) -> Estimate:
    labels, scores = pictures.labels, pictures.scores
    if len(np.unique(labels)) < scores.shape[1]:
        return _make_unknown()
    value = compute_auc(labels, scores)
    return around(value, *compute_auc_interval(value, labels, scores))


def _count_top(pictures: JudgedPictures) -> int:
    """Pictures whose class is among the likeliest; equally likely ones rank as in scikit-learn, the last first."""
    labels, scores = pictures.labels[:, None], pictures.scores
    own = np.take_along_axis(scores, labels, axis=1)
    ahead = (scores > own) | ((scores == own) & (np.arange(scores.shape[1]) > labels))
    return int((ahead.sum(axis=1) < TOP).sum())


def _count_confusions(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Counts (k, k), rows the true class, of the classes alone that a group has or is taken for: of many it is few."""
    classes, places = np.unique(np.concatenate([labels, predicted]), return_inverse=True)
    true, called = np.split(places, 2)
    cells = np.bincount(true * len(classes) + called, minlength=len(classes) ** 2)
    return cells.reshape(len(classes), len(classes))


def _make_proportion(hits: int, total: int) -> Estimate:
    return around(hits / total, *compute_wilson_interval(hits, total))


def _make_unknown() -> Estimate:
    return {"value": None, "low": None, "high": None}
