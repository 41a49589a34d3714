"""Softmax regression in NumPy, each epoch as slow as is wanted: what `numpy_worker.py` trains."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.plugin import Candidate

EPOCH_SECONDS = float(os.environ.get("NUMPY_WORKER_EPOCH", "0.05"))
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1")


class Regression:
    """Softmax regression by gradient descent with momentum, on pixels of 0 to 1."""

    def __init__(self, dataset: Dataset, candidate: Candidate) -> None:
        images = np.load(dataset.images, mmap_mode="r")
        self._pixels = images.reshape(len(images), -1).astype("float32") / 255.0
        self._labels, self._splits = np.load(dataset.labels), np.load(dataset.splits)
        self._rate = candidate.training.learning_rate
        self._momentum = float(candidate.model["momentum"])
        shape = (self._pixels.shape[1], dataset.task.num_classes)
        self.weights, self._step = np.zeros(shape), np.zeros(shape)

    def train_epoch(self, splits: tuple[int, ...]) -> None:
        begun = time.monotonic()
        chosen = np.isin(self._splits, splits)
        pixels, labels = self._pixels[chosen], self._labels[chosen]
        errors = self._predict(pixels) - np.eye(self.weights.shape[1])[labels]
        self._step = self._momentum * self._step - self._rate * pixels.T @ errors / len(labels)
        self.weights += self._step
        time.sleep(max(0.0, EPOCH_SECONDS - (time.monotonic() - begun)))

    def measure(self) -> dict[str, float]:
        (loss, accuracy), (val_loss, val_accuracy) = self._score(0), self._score(1)
        values = (loss, accuracy, val_loss, val_accuracy, val_accuracy)
        return dict(zip(METRICS, values, strict=True))

    def predict_split(self, split: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions (N,), labels (N,) and probabilities (N, K) of a split."""
        positions = np.flatnonzero(self._splits == split)
        answers = self._predict(self._pixels[positions]).astype("float32")
        return positions, self._labels[positions], answers

    def _score(self, split: int) -> tuple[float, float]:
        _, labels, answers = self.predict_split(split)
        own = answers[np.arange(len(labels)), labels]
        loss = -np.log(np.maximum(own, 1e-7)).mean()
        return float(loss), float((answers.argmax(axis=1) == labels).mean())

    def _predict(self, pixels: np.ndarray) -> np.ndarray:
        logits = pixels @ self.weights
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
