"""The order in which a training sees its pictures: seeded, the same on every backend."""

from __future__ import annotations

import numpy as np


def draw_order(
    train: np.ndarray, labels: np.ndarray, *, seed: int, epochs: range, length: int, sampling: str
) -> np.ndarray:
    """Draw the pictures of some epochs: the same for the same seed and epoch.

    Args:
        train: Indices of the pictures, int32 (N,).
        labels: Their class indices, (N,).
        seed: Of the training.
        epochs: Which, from 0.
        length: Pictures an epoch, at most N.
        sampling: `"none"` for each picture once at most; `"balanced"` for each class equally often, so that pictures of
            rare classes are shown several times an epoch and some of common ones are not.

    Returns:
        int32 (len(epochs), length).
    """
    drawn = []
    for epoch in epochs:
        generator = np.random.default_rng((seed, epoch))
        if sampling == "balanced":
            drawn.append(_draw_balanced(train, labels, length, generator))
        else:
            drawn.append(generator.permutation(train)[:length])
    return np.stack(drawn)


def _draw_balanced(
    train: np.ndarray, labels: np.ndarray, length: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw equal shares of the classes, each picture of a class as often as any other, give or take one."""
    classes = generator.permutation(np.unique(labels))  # the first ones get what is left over
    share, left = divmod(length, len(classes))
    parts = [
        np.resize(generator.permutation(train[labels == label]), share + (place < left))
        for place, label in enumerate(classes)
    ]
    return generator.permutation(np.concatenate(parts))
