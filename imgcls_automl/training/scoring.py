"""What one epoch is worth: validation metrics of logits, in plain NumPy, the same on every backend."""

from __future__ import annotations

import numpy as np

# Which of an epoch's metrics a selection metric reads.
EPOCH_METRIC = {"accuracy": "val_accuracy", "macro_f1": "val_macro_f1", "log_loss": "val_loss"}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (N, K) of logits (N, K), float32."""
    shifted = logits.astype("float64") - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    probabilities: np.ndarray = (powers / powers.sum(axis=1, keepdims=True)).astype("float32")
    return probabilities


def score_logits(labels: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    """Score logits (N, K) against labels (N,): `val_loss` (cross-entropy), `val_accuracy` and `val_macro_f1`."""
    shifted = logits.astype("float64") - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    named = logits.argmax(axis=1)
    return {
        "val_loss": float(np.mean(log_sum - shifted[np.arange(len(labels)), labels])),
        "val_accuracy": float(np.mean(named == labels)),
        "val_macro_f1": macro_f1(labels, named, logits.shape[1]),
    }


def macro_f1(labels: np.ndarray, named: np.ndarray, num_classes: int) -> float:
    """Mean F1 over the classes that occur among labels or predictions, as scikit-learn defines it."""
    hits = np.bincount(labels[labels == named], minlength=num_classes)
    occurrences = np.bincount(labels, minlength=num_classes) + np.bincount(
        named, minlength=num_classes
    )
    occurs = occurrences > 0
    return float(np.mean(2.0 * hits[occurs] / occurrences[occurs]))


def is_better(metric: str, score: float, than: float | None) -> bool:
    """Whether a score beats another; any score beats none."""
    if than is None:
        return True
    return score < than if metric == "log_loss" else score > than


def balanced_weights(counts: tuple[int, ...]) -> np.ndarray:
    """One factor a class, inverse to its training count, 1 on average over the pictures: float32 (K,)."""
    sizes = np.maximum(np.asarray(counts, dtype="float64"), 1.0)
    weights: np.ndarray = (sizes.sum() / (len(sizes) * sizes)).astype("float32")
    return weights
