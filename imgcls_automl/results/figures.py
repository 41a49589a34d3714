"""Metrics and scores as people say them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.results.scores import Estimate


def lower_is_better(metric: str) -> bool:
    return metric.endswith("loss")


def find_best_first(metric: str) -> str:
    """`"descending"`, the order with the best on top, or `"ascending"` where lower scores are better."""
    return "ascending" if lower_is_better(metric) else "descending"


def beats(metric: str, score: float, other: float) -> bool:
    """Whether a score is better than another; equal ones are not."""
    return score < other if lower_is_better(metric) else score > other


def name_metric(metric: str) -> str:
    """`"macro F1"`, `"log loss"`, `"accuracy"`."""
    return metric.replace("_", " ").replace("f1", "F1").replace("roc auc", "ROC AUC")


def format_share(value: float) -> str:
    """`"92.5%"`."""
    return f"{100 * value:.1f}%"


def format_score(metric: str, value: float) -> str:
    """A score as people say it: a percentage, or a plain number where the metric is a loss."""
    return f"{value:.4f}" if lower_is_better(metric) else format_share(value)


def format_known(metric: str, value: float) -> str:
    """The same, and a dash for what could not be measured."""
    return "-" if math.isnan(value) else format_score(metric, value)


def format_interval(metric: str, estimate: Estimate) -> str:
    return f"{format_score(metric, estimate.low)} to {format_score(metric, estimate.high)}"
