"""Intervals of averages and of the log loss hold where few pictures, or hardly any error, are there to judge by."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.results.average_intervals import (
    compute_balanced_accuracy_interval,
    compute_log_loss_interval,
    compute_macro_f1_interval,
)

SETS = 200


def draw(generator, labels, raised, shares):
    """Calibrated probabilities (N, K) of a classifier whose right logits are raised."""
    logits = generator.normal(size=(len(labels), len(shares)))
    logits[np.arange(len(labels)), labels] += raised
    weights = np.exp(raised * logits + np.log(shares))
    return weights / weights.sum(axis=1, keepdims=True)


def count(labels, probabilities):
    classes = probabilities.shape[1]
    cells = labels * classes + probabilities.argmax(axis=1)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes).astype(float)


def average_recall(confusion):
    return (np.diag(confusion) / confusion.sum(axis=1)).mean()


def average_f1(confusion):
    return (2 * np.diag(confusion) / (confusion.sum(axis=0) + confusion.sum(axis=1))).mean()


@pytest.mark.parametrize(("pictures", "raised"), [(30, 3.3), (100, 2.3)])
@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.8, 0.2), (0.1,) * 10])
def test_they_hold_the_truth_about_as_often_as_they_say(pictures, raised, shares):
    generator = np.random.default_rng(0)
    bounds = np.round(np.cumsum(shares) * pictures)
    labels = np.searchsorted(bounds, np.arange(pictures), side="right")
    many = np.tile(labels, 100_000 // pictures)
    answers = draw(generator, many, raised, shares)
    truth = {
        "recall": average_recall(count(many, answers)),
        "f1": average_f1(count(many, answers)),
        "loss": -np.log(answers[np.arange(len(many)), many]).mean(),
    }
    held = dict.fromkeys(truth, 0)
    for _ in range(SETS):
        answers = draw(generator, labels, raised, shares)
        confusion = count(labels, answers)
        intervals = {
            "recall": compute_balanced_accuracy_interval(confusion),
            "f1": compute_macro_f1_interval(confusion),
            "loss": compute_log_loss_interval(answers, labels),
        }
        for name, (low, high) in intervals.items():
            held[name] += low <= truth[name] <= high
    for name, times in held.items():
        # Six pictures of a class allow seven outcomes: no interval can hold the truth in just 95% of them.
        assert times / SETS >= 0.86, name


def test_thirty_pictures_without_an_error_do_not_prove_perfection():
    confusion = np.diag([15.0, 15.0])
    for interval in (
        compute_balanced_accuracy_interval(confusion),
        compute_macro_f1_interval(confusion),
    ):
        assert 0.7 < interval[0] < 0.95
        assert interval[1] == 1
    sure = np.full((30, 2), 0.01)
    sure[np.arange(30), np.arange(30) % 2] = 0.99
    low, high = compute_log_loss_interval(sure, np.arange(30) % 2)
    assert low < 0.0101 < high < 1


def test_a_class_without_pictures_does_not_count():
    confusion = np.array([[8.0, 2.0, 0.0], [1.0, 9.0, 0.0], [0.0, 0.0, 0.0]])
    low, high = compute_balanced_accuracy_interval(confusion)
    assert low < 0.85 < high
    low, high = compute_macro_f1_interval(confusion)
    assert low < 0.85 < high
