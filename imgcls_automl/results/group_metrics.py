"""How well each group of the data is told, such as the pictures of one patient. For child processes only."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.results.average_intervals import (
    compute_balanced_accuracy_interval,
    compute_log_loss_interval,
    compute_macro_f1_interval,
    weigh_macro_f1,
)
from imgcls_automl.results.intervals import around, compute_wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.intervals import Estimate

# Of one picture, as probabilities are clipped: what so few pictures tell could be above it.
_LARGEST_LOSS = -math.log(np.finfo(np.float32).eps)


def compute_groups(
    labels: np.ndarray, probabilities: np.ndarray, groups: Sequence[str | None]
) -> dict[str, dict[str, Any]]:
    """Measure each group by itself.

    Averages over classes are taken over those of the group's own pictures. They are unknown where that is a single
    class: what such a group cannot be told is whether another class would be called by that name, too.

    Args:
        labels: Class indices (N,).
        probabilities: float64 (N, K), above 0, rows that sum to 1.
        groups: The group of each picture (N,), or None where it has none.

    Returns:
        By group, in the order of their names: accuracy, balanced_accuracy, macro_f1 and log_loss as {value, low, high},
        and the number of pictures as support.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        if group is not None:
            members[group].append(place)
    return {
        group: _measure(labels[places], probabilities[places])
        for group, places in sorted(members.items())
    }


def _measure(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    count = len(labels)
    predicted = probabilities.argmax(axis=1)
    hits = int((predicted == labels).sum())
    losses = -np.log(probabilities[np.arange(count), labels])
    low, high = compute_log_loss_interval(probabilities, labels)
    return {
        "accuracy": around(hits / count, *compute_wilson_interval(hits, count)),
        **_average(_count_confusions(labels, predicted)),
        "log_loss": around(losses.mean(), low, min(high, _LARGEST_LOSS)),
        "support": count,
    }


def _average(confusion: np.ndarray) -> dict[str, Estimate]:
    support, hits = confusion.sum(axis=1), np.diag(confusion)
    present = support > 0
    if present.sum() < 2:
        unknown: Estimate = {"value": None, "low": None, "high": None}
        return {"balanced_accuracy": unknown, "macro_f1": dict(unknown)}
    recall = (hits[present] / support[present]).mean()
    f1, _ = weigh_macro_f1(confusion)
    return {
        "balanced_accuracy": around(recall, *compute_balanced_accuracy_interval(confusion)),
        "macro_f1": around(f1, *compute_macro_f1_interval(confusion)),
    }


def _count_confusions(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Counts (k, k), rows the true class, of the classes alone that a group has or is taken for: of many it is few."""
    classes, places = np.unique(np.concatenate([labels, predicted]), return_inverse=True)
    true, called = np.split(places, 2)
    cells = np.bincount(true * len(classes) + called, minlength=len(classes) ** 2)
    return cells.reshape(len(classes), len(classes))
