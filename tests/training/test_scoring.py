"""Validation metrics, beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.utils.class_weight import compute_class_weight

from imgcls_automl.training.scoring import balanced_weights, is_better, score_logits, softmax


@pytest.fixture(params=["all classes", "some classes", "extreme logits"])
def predictions(request):
    """Labels (300,) and logits (300, 6)."""
    draw = np.random.default_rng(3)
    logits = draw.normal(size=(300, 6)).astype("float32")
    labels = draw.integers(0, 6, 300).astype("int32")
    if request.param == "some classes":
        labels = labels % 3  # 3, 4 and 5 are predicted but never true
        logits[:, 5] = -50  # and 5 is not even predicted
    if request.param == "extreme logits":
        logits *= 4  # beyond that scikit-learn clips
    return labels, logits


def test_they_equal_scikit_learn_s(predictions):
    labels, logits = predictions
    scores = score_logits(labels, logits)
    named = logits.argmax(axis=1)
    powers = np.exp(logits.astype("float64") - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    expected = log_loss(labels, probabilities, labels=range(6))
    assert scores["val_accuracy"] == pytest.approx(accuracy_score(labels, named))
    assert scores["val_macro_f1"] == pytest.approx(f1_score(labels, named, average="macro"))
    assert scores["val_loss"] == pytest.approx(expected, rel=1e-4)


def test_huge_logits_stay_finite():
    logits = np.array([[1e30, -1e30], [-1e30, 1e30]], "float32")
    assert np.isfinite(list(score_logits(np.array([0, 0]), logits).values())).all()
    assert softmax(logits).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_probabilities_sum_to_one(predictions):
    probabilities = softmax(predictions[1])
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)


def test_balanced_weights_are_scikit_learn_s():
    labels = np.repeat([0, 1, 2], [70, 20, 10])
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 2]), y=labels)
    np.testing.assert_allclose(balanced_weights((70, 20, 10)), expected, rtol=1e-6)


def test_a_class_without_pictures_breaks_nothing():
    assert np.isfinite(balanced_weights((5, 0))).all()


@pytest.mark.parametrize(
    ("metric", "score", "than", "better"),
    [
        ("accuracy", 0.5, None, True),
        ("accuracy", 0.6, 0.5, True),
        ("accuracy", 0.5, 0.5, False),
        ("log_loss", 0.4, 0.5, True),
        ("log_loss", 0.6, 0.5, False),
    ],
)
def test_better_means_lower_for_log_loss_only(metric, score, than, better):
    assert is_better(metric, score, than) is better
