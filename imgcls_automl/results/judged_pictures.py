"""Labelled pictures and what a classifier said of them, in the forms that metrics are computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CALIBRATION_BINS = 15
# Clipped as float32 ends, so that a confident mistake costs 16 rather than infinity.
SMALLEST_SHARE = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPictures:
    """Pictures whose classes are known.

    Attributes:
        labels: int64 class indices (N,).
        predicted: int64 class indices (N,).
        scores: float64 (N, K), rows that sum to 1.
        clipped: As scores, all above 0. For the loss only: areas under curves and the top five need the order of the
            smallest, too.
        bins: Calibration bin of each picture (N,), by how sure the model was: 0 up to `CALIBRATION_BINS` - 1.
        gaps: float64 (N,), how much surer than right it was, from -1 to 1.
    """

    labels: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray
    clipped: np.ndarray
    bins: np.ndarray
    gaps: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def hits(self) -> int:
        """How many were named rightly."""
        return int((self.labels == self.predicted).sum())

    def take(self, places: np.ndarray) -> JudgedPictures:
        """Those at some places alone, in that order."""
        return JudgedPictures(
            labels=self.labels[places],
            predicted=self.predicted[places],
            scores=self.scores[places],
            clipped=self.clipped[places],
            bins=self.bins[places],
            gaps=self.gaps[places],
        )


def judge_pictures(labels: np.ndarray, probabilities: np.ndarray) -> JudgedPictures:
    """Compare labels (N,) with probabilities (N, K), from 0 up, rows that sum to about 1.

    Calibration is that of the class named (Guo et al., 2017, arXiv:1706.04599).
    """
    predicted = probabilities.argmax(axis=1)
    scores = probabilities.astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)
    clipped = np.clip(scores, SMALLEST_SHARE, 1.0)
    confidence = scores[np.arange(len(labels)), predicted]
    bins = (confidence * CALIBRATION_BINS).astype(np.int64)
    return JudgedPictures(
        labels=labels,
        predicted=predicted,
        scores=scores,
        clipped=clipped / clipped.sum(axis=1, keepdims=True),
        bins=np.minimum(bins, CALIBRATION_BINS - 1),
        gaps=confidence - (labels == predicted),
    )


def compute_calibration_error(pictures: JudgedPictures) -> float:
    """The expected calibration error: how far bins are from being as right as they are sure, on average by picture."""
    return float(np.abs(np.bincount(pictures.bins, pictures.gaps)).sum() / len(pictures))
