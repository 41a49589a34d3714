"""Metrics are scikit-learn's, their intervals honest, and no odd test split breaks them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from imgcls_automl.results.average_intervals import weigh_macro_f1
from imgcls_automl.results.metrics import (
    compute_confusion_matrix,
    compute_majority_floor,
    compute_metrics,
)
from imgcls_automl.training.scoring import score_logits

DIGITS = tuple("0123456789")


def make_answers(labels: np.ndarray, classes: int, skill: float) -> np.ndarray:
    logits = np.random.default_rng(0).normal(size=(len(labels), classes))
    logits[np.arange(len(labels)), labels] += skill
    weights = np.exp(logits)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def iterate_estimates(metrics: dict[str, Any]) -> list[dict[str, float]]:
    per_class = [
        item[name] for item in metrics["classes"].values() for name in ("precision", "recall", "f1")
    ]
    return [value for name, value in metrics.items() if name != "classes"] + per_class


def test_values_are_those_of_scikit_learn(digits_test: Any) -> None:
    labels, probabilities = digits_test.labels, digits_test.probabilities
    predicted = probabilities.argmax(axis=1)
    shares = np.clip(probabilities.astype(float), np.finfo(np.float32).eps, 1)
    shares /= shares.sum(axis=1, keepdims=True)
    metrics = compute_metrics(labels, probabilities, DIGITS)
    expected = {
        "accuracy": sk.accuracy_score(labels, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, predicted),
        "macro_f1": sk.f1_score(labels, predicted, average="macro"),
        "weighted_precision": sk.precision_score(labels, predicted, average="weighted"),
        "log_loss": sk.log_loss(labels, shares),
        "roc_auc": sk.roc_auc_score(labels, probabilities, multi_class="ovr"),
    }
    for name, value in expected.items():
        assert metrics[name]["value"] == pytest.approx(value, abs=1e-5), name
    assert metrics["classes"]["8"]["recall"]["value"] == pytest.approx(
        sk.recall_score(labels, predicted, average=None)[8]
    )
    assert sum(item["support"] for item in metrics["classes"].values()) == len(labels)
    assert "top_5_accuracy" not in metrics


def test_every_value_lies_inside_its_interval(digits_test: Any) -> None:
    metrics = compute_metrics(digits_test.labels, digits_test.probabilities, DIGITS)
    for estimate in iterate_estimates(metrics):
        assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"]
        assert estimate["low"] < estimate["high"]


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    # 200 test splits of 200 pictures, drawn from a population whose figures are known.
    labels = np.random.default_rng(1).integers(0, 3, 40_000)
    probabilities = make_answers(labels, 3, 1.5)
    truth = compute_metrics(labels, probabilities, "abc")
    covered = dict.fromkeys(("accuracy", "macro_f1", "log_loss", "roc_auc"), 0)
    for part in np.split(np.arange(40_000), 200):
        metrics = compute_metrics(labels[part], probabilities[part], "abc")
        for name in covered:
            estimate = metrics[name]
            covered[name] += estimate["low"] <= truth[name]["value"] <= estimate["high"]
    assert all(0.90 <= count / 200 <= 0.99 for count in covered.values()), covered


def test_the_same_answers_give_the_same_intervals(digits_test: Any) -> None:
    first = compute_metrics(digits_test.labels, digits_test.probabilities, DIGITS)
    assert first == compute_metrics(digits_test.labels, digits_test.probabilities, DIGITS)


def test_a_class_without_test_pictures_is_left_unknown() -> None:
    labels = np.array([0, 1, 0, 1])
    metrics = compute_metrics(labels, make_answers(labels, 3, 9.0), "abc")
    assert "roc_auc" not in metrics
    assert metrics["classes"]["c"]["support"] == 0
    assert metrics["classes"]["c"]["recall"] == {"value": None, "low": None, "high": None}
    assert metrics["balanced_accuracy"]["value"] == 1.0


def test_a_class_that_is_only_predicted_counts_as_it_does_in_the_search() -> None:
    labels, predicted = np.arange(20) % 2, np.arange(20) % 2
    predicted[0] = 2
    # The last class neither is there nor is called.
    answers = np.eye(4, dtype=np.float32)[predicted]
    metrics = compute_metrics(labels, answers, "abcd")
    value = metrics["macro_f1"]["value"]
    assert value == pytest.approx(sk.f1_score(labels, predicted, average="macro"))
    assert value == pytest.approx(score_logits(labels, answers)["val_macro_f1"])
    assert value == pytest.approx(weigh_macro_f1(compute_confusion_matrix(labels, answers))[0])
    assert metrics["macro_recall"]["value"] == pytest.approx(1.9 / 3)
    assert metrics["macro_precision"]["value"] == pytest.approx(2 / 3)
    assert metrics["balanced_accuracy"]["value"] == pytest.approx(1.9 / 2)
    for name in ("macro_f1", "macro_recall", "macro_precision", "balanced_accuracy"):
        estimate = metrics[name]
        assert 0.3 < estimate["low"] <= estimate["value"] <= estimate["high"], name


def test_two_pictures_all_right_prove_little() -> None:
    labels = np.array([0, 1])
    metrics = compute_metrics(labels, np.eye(2, dtype=np.float32), ("cat", "dog"))
    assert metrics["accuracy"]["value"] == 1.0
    for name in ("accuracy", "macro_f1", "balanced_accuracy", "roc_auc"):
        assert metrics[name]["low"] < 0.5, name
    assert metrics["classes"]["cat"]["f1"]["low"] < 0.5


def test_all_wrong_and_certain_of_it_stays_finite() -> None:
    labels = np.array([0, 1, 0, 1, 1])
    metrics = compute_metrics(labels, np.eye(2, dtype=np.float32)[1 - labels], ("cat", "dog"))
    assert metrics["accuracy"]["value"] == 0.0
    assert metrics["roc_auc"]["value"] == 0.0
    assert metrics["log_loss"]["value"] == pytest.approx(15.9, abs=0.1)
    assert metrics["expected_calibration_error"]["value"] == pytest.approx(1.0, abs=0.01)


def test_a_model_that_always_says_the_same_has_no_skill() -> None:
    labels = np.arange(30) % 3
    metrics = compute_metrics(labels, np.full((30, 3), 1 / 3, np.float32), "abc")
    assert metrics["roc_auc"]["value"] == 0.5
    assert metrics["classes"]["b"]["precision"]["value"] == 0.0


def test_many_classes_have_a_top_5_accuracy() -> None:
    labels = np.arange(220) % 11
    metrics = compute_metrics(labels, make_answers(labels, 11, 1.0), [f"{k}" for k in range(11)])
    assert metrics["accuracy"]["value"] < metrics["top_5_accuracy"]["value"] < 1


def test_ten_thousand_pictures_cost_under_a_second() -> None:
    labels = np.arange(10_000) % 10
    probabilities = make_answers(labels, 10, 4.0)
    begun = time.process_time()
    compute_metrics(labels, probabilities, DIGITS)
    assert time.process_time() - begun < 1


def test_the_confusion_matrix_counts_true_classes_in_rows() -> None:
    answers = np.eye(3, dtype=np.float32)[[0, 1, 1]]
    matrix = compute_confusion_matrix(np.array([0, 0, 1]), answers)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_the_floor_names_the_most_frequent_training_class() -> None:
    labels = np.array([0, 0, 0, 1])
    floor = compute_majority_floor([10, 90], labels)
    assert floor["value"] == 0.25
    answers = make_answers(labels, 2, 5.0)
    assert compute_metrics(labels, answers, "ab", train_counts=[10, 90])["majority_floor"] == floor


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        ([], np.zeros((0, 2))),
        ([0], np.ones((2, 2))),
        ([0, 1], np.full((2, 2), np.nan)),
        ([0], np.array([[3.0, -2.0]])),
    ],
)
def test_what_cannot_be_measured_is_refused(labels: list[int], probabilities: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"needed|sum to 1"):
        compute_metrics(np.array(labels, int), probabilities, "ab")
