"""What a model has to beat: validation scores of one that knows only how often each class occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def compute_floors(train_counts: Sequence[int], labels: np.ndarray) -> dict[str, float]:
    """Score the classifiers that never look at a picture, by selection metric.

    For accuracy and macro_f1 it always names the most frequent training class, the first of equal ones; for log_loss
    it always gives the training classes' shares.

    Args:
        train_counts: Training pictures per class (K,), each 1 or more.
        labels: Class indices of the validation split (N,), N >= 1.
    """
    trained = np.asarray(train_counts, dtype=np.float64)
    shown = np.bincount(labels, minlength=len(trained))
    named = int(trained.argmax())
    f1 = 2 * shown[named] / (shown[named] + len(labels))
    # Averaged as `training.scoring` does: over the classes that are shown or named.
    occurring = np.count_nonzero(shown) + (shown[named] == 0)
    shares = trained / trained.sum()
    return {
        "accuracy": float(shown[named] / len(labels)),
        "macro_f1": float(f1 / occurring),
        "log_loss": float(-(shown @ np.log(shares)) / len(labels)),
    }


def compute_fold_floors(labels: np.ndarray, folds: np.ndarray) -> dict[str, float]:
    """The mean floors of folds, each scored by what the others hold.

    Args:
        labels: Class indices (N,).
        folds: Fold numbers from 0 (N,); negative for pictures in none. Each class is in two folds at least.
    """
    classes = int(labels.max()) + 1
    floors = []
    for fold in range(int(folds.max()) + 1):
        others = labels[(folds >= 0) & (folds != fold)]
        counts = np.bincount(others, minlength=classes)
        floors.append(compute_floors(counts.tolist(), labels[folds == fold]))
    return {metric: float(np.mean([floor[metric] for floor in floors])) for metric in floors[0]}
