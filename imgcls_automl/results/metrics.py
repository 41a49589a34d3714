"""The metrics of a test split with 95% intervals. For child processes only: it imports sklearn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics as sk

from imgcls_automl.results.average_intervals import (
    compute_average_intervals,
    compute_log_loss_interval,
)
from imgcls_automl.results.group_metrics import MANY_CLASSES, TOP, compute_groups
from imgcls_automl.results.intervals import (
    around,
    compute_auc_interval,
    compute_f1_interval,
    compute_wilson_interval,
)
from imgcls_automl.results.judged_pictures import compute_calibration_error, judge_pictures
from imgcls_automl.results.resampling import bootstrap_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.intervals import Estimate


def compute_metrics(
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    *,
    train_counts: Sequence[int] | None = None,
    groups: Sequence[str | None] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure a classifier on labelled pictures.

    Macro averages are scikit-learn's usual ones, over the classes that occur among labels or
    predictions, as a search is scored by; balanced accuracy is over those that have test pictures.
    The precision of a class that is never predicted is 0, and so is the recall of one that is only
    predicted. roc_auc (one class against the rest, macro average) is left out where a class has no
    test picture; top_5_accuracy is there with more than ten classes.

    Args:
        labels: Class indices (N,), N >= 1.
        probabilities: (N, K), rows that sum to about 1.
        class_names: K names.
        train_counts: Training pictures per class (K,); adds `majority_floor`.
        groups: The group of each picture (N,), or None where it has none; adds `"groups"`.
        seed: Of the bootstrap.

    Returns:
        Each metric's name with {value, low, high}: 95% intervals, Wilson for proportions, DeLong
        for roc_auc, those of `average_intervals` for balanced accuracy, macro F1 and log loss,
        percentile bootstrap for the rest. Under `"classes"`: precision, recall, f1
        (None where no test picture shows the class) and support, by class name. Under `"groups"`:
        the same metrics and support of each group, as `group_metrics` tells.

    Raises:
        ValueError: The shapes do not fit, there is no picture, or a row is no distribution.
    """
    labels = np.asarray(labels, dtype=np.int64)
    _check(labels, probabilities, class_names)
    pictures = judge_pictures(labels, probabilities)
    [intervals] = bootstrap_intervals(pictures, [np.arange(len(labels))], seed=seed)
    intervals |= compute_average_intervals(compute_confusion_matrix(labels, probabilities))
    estimates = _compute_proportions(labels, pictures.predicted, pictures.scores)
    for name, value in _compute_averages(labels, pictures.predicted).items():
        estimates[name] = around(value, *intervals[name])
    log_loss = sk.log_loss(labels, pictures.clipped, labels=range(len(class_names)))
    estimates["log_loss"] = around(log_loss, *compute_log_loss_interval(pictures.clipped, labels))
    estimates["expected_calibration_error"] = around(
        compute_calibration_error(pictures), *intervals["expected_calibration_error"]
    )
    if len(np.unique(labels)) == len(class_names):
        estimates["roc_auc"] = _compute_roc_auc(labels, pictures.scores)
    if train_counts is not None:
        estimates["majority_floor"] = compute_majority_floor(train_counts, labels)
    measured = {**estimates, "classes": _compute_classes(labels, pictures.predicted, class_names)}
    if groups is not None:
        measured["groups"] = compute_groups(pictures, groups, seed=seed)
    return measured


def compute_confusion_matrix(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Count pictures: int64 (K, K), rows the true class, columns the predicted one."""
    classes = range(probabilities.shape[1])
    matrix: np.ndarray = sk.confusion_matrix(labels, probabilities.argmax(axis=1), labels=classes)
    return matrix


def compute_majority_floor(train_counts: Sequence[int], test_labels: np.ndarray) -> Estimate:
    """Accuracy of always naming the most frequent training class: what any model has to beat."""
    hits = int((np.asarray(test_labels) == int(np.argmax(train_counts))).sum())
    return _make_proportion(hits, len(test_labels))


def _check(labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]) -> None:
    wanted = (len(labels), len(class_names))
    if labels.ndim != 1 or not len(labels) or probabilities.shape != wanted:
        raise ValueError(
            f"Labels (N,), probabilities (N, K) and K class names are needed, "
            f"but got {labels.shape}, {probabilities.shape} and {len(class_names)} names."
        )
    # One comparison for all of it: NaN is not close to anything.
    if not (np.allclose(probabilities.sum(axis=1), 1, atol=0.01) and probabilities.min() >= 0):
        raise ValueError("Rows of probabilities must be from 0 up and sum to 1, without NaN.")


def _compute_proportions(
    labels: np.ndarray, predicted: np.ndarray, scores: np.ndarray
) -> dict[str, Estimate]:
    hits = int(sk.accuracy_score(labels, predicted, normalize=False))
    proportions = {"accuracy": _make_proportion(hits, len(labels))}
    if scores.shape[1] > MANY_CLASSES:
        top = sk.top_k_accuracy_score(
            labels, scores, k=TOP, labels=range(scores.shape[1]), normalize=False
        )
        proportions["top_5_accuracy"] = _make_proportion(int(top), len(labels))
    return proportions


def _compute_averages(labels: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    values: dict[str, float] = {}
    for average in ("macro", "weighted"):
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            labels, predicted, average=average, zero_division=0.0
        )
        values |= {
            f"{average}_precision": float(precision),
            f"{average}_recall": float(recall),
            f"{average}_f1": float(f1),
        }
    recalls = sk.recall_score(labels, predicted, labels=np.unique(labels), average="macro")
    return {"balanced_accuracy": float(recalls), **values}


def _compute_roc_auc(labels: np.ndarray, scores: np.ndarray) -> Estimate:
    if scores.shape[1] == 2:
        value = float(sk.roc_auc_score(labels, scores[:, 1]))
    else:
        value = float(sk.roc_auc_score(labels, scores, multi_class="ovr", average="macro"))
    return around(value, *compute_auc_interval(value, labels, scores))


def _compute_classes(
    labels: np.ndarray, predicted: np.ndarray, class_names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    every = range(len(class_names))
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        labels, predicted, labels=every, average=None, zero_division=0.0
    )
    called = np.bincount(predicted, minlength=len(class_names))
    hits = np.bincount(labels[labels == predicted], minlength=len(class_names))
    unknown: Estimate = {"value": None, "low": None, "high": None}
    classes: dict[str, dict[str, Any]] = {}
    for index, name in enumerate(class_names):
        seen, said, right = int(support[index]), int(called[index]), int(hits[index])
        intervals = {
            "precision": (precision[index], *compute_wilson_interval(right, said)),
            "recall": (recall[index], *compute_wilson_interval(right, seen)),
            "f1": (f1[index], *compute_f1_interval(right, seen + said - right)),
        }
        classes[name] = {
            metric: around(*numbers) if seen else dict(unknown)
            for metric, numbers in intervals.items()
        }
        classes[name]["support"] = seen
    return classes


def _make_proportion(hits: int, total: int) -> Estimate:
    return around(hits / total, *compute_wilson_interval(hits, total))
