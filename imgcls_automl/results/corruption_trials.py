"""How many corrupted pictures a model still tells, counted batch by batch. Runs in a child process only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.results.corruptions import CORRUPTIONS, SEVERITIES, corrupt_pictures
from imgcls_automl.results.intervals import compute_wilson_interval
from imgcls_automl.results.saved_network import predict_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEED = 0  # of the noise: the same pictures give the same figures


class CorruptionTrials:
    """Corrupts each batch in every way and counts what is told right.

    Args:
        network: The saved model.
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        self._generator = np.random.default_rng(_SEED)
        self._hits = {name: dict.fromkeys(SEVERITIES, 0) for name in CORRUPTIONS}
        self._total = 0

    def run(self, pixels: np.ndarray, labels: np.ndarray) -> None:
        """Corrupt and predict a batch, uint8 (B, H, W, C); only the first pictures, those of `labels`, count."""
        count = len(labels)
        self._total += count
        for name, hits in self._hits.items():
            for severity in SEVERITIES:
                worse = corrupt_pictures(pixels, name, severity, self._generator)
                predicted = predict_pixels(self._network, worse, count).argmax(axis=1)
                hits[severity] += int((predicted == labels).sum())

    def to_json(self) -> Mapping[str, list[dict[str, float]]]:
        """Accuracy with its 95% interval by corruption, a list over severities 1 to 5."""
        return {
            name: [self._estimate(hits[severity]) for severity in SEVERITIES]
            for name, hits in self._hits.items()
        }

    def _estimate(self, hits: int) -> dict[str, float]:
        low, high = compute_wilson_interval(hits, self._total)
        return {"value": hits / self._total, "low": low, "high": high}
