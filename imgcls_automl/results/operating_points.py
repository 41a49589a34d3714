"""What a threshold on one class's probability buys, for two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.files import write_csv
from imgcls_automl.results.intervals import compute_wilson_interval

if TYPE_CHECKING:
    from pathlib import Path

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_RATES = ("precision", "recall", "specificity")
_COLUMNS = (
    "threshold",
    "named",
    *(f"{rate}{end}" for rate in _RATES for end in ("", "_low", "_high")),
)


def list_operating_points(is_positive: np.ndarray, scores: np.ndarray) -> list[dict[str, Any]]:
    """Precision, recall and specificity where a picture is called positive from a threshold up.

    Args:
        is_positive: What the pictures are, bool (N,).
        scores: Their probability of being positive (N,).

    Returns:
        For each of `THRESHOLDS` the number of pictures `named` positive, and each rate as {value, low, high} with
        Wilson's 95% interval; None where it is a share of nothing.
    """
    return [
        _describe_point(is_positive, scores >= threshold, threshold) for threshold in THRESHOLDS
    ]


def write_curves(folder: Path, is_positive: np.ndarray, scores: np.ndarray) -> None:
    """Write roc_curve.csv, precision_recall_curve.csv and operating_points.csv; curves where both classes are there."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    write_csv(
        folder / "operating_points.csv",
        _COLUMNS,
        (_flatten(point) for point in list_operating_points(is_positive, scores)),
    )
    if is_positive.all() or not is_positive.any():
        return
    false_rate, true_rate, at = roc_curve(is_positive, scores)
    at[0] = 1.0  # scikit-learn begins above all scores, at infinity: nothing is called positive
    write_csv(
        folder / "roc_curve.csv",
        ("threshold", "false_positive_rate", "true_positive_rate"),
        np.column_stack([at, false_rate, true_rate]).tolist(),
    )
    precision, recall, at = precision_recall_curve(is_positive, scores)
    write_csv(
        folder / "precision_recall_curve.csv",
        ("threshold", "precision", "recall"),
        np.column_stack([np.append(at, 1.0), precision, recall]).tolist(),
    )


def _describe_point(is_positive: np.ndarray, named: np.ndarray, threshold: float) -> dict[str, Any]:
    hits = int((is_positive & named).sum())
    return {
        "threshold": threshold,
        "named": int(named.sum()),
        "precision": _estimate(hits, int(named.sum())),
        "recall": _estimate(hits, int(is_positive.sum())),
        "specificity": _estimate(int((~is_positive & ~named).sum()), int((~is_positive).sum())),
    }


def _estimate(hits: int, total: int) -> dict[str, float] | None:
    if not total:
        return None
    low, high = compute_wilson_interval(hits, total)
    return {"value": hits / total, "low": low, "high": high}


def _flatten(point: dict[str, Any]) -> list[Any]:
    cells = [point["threshold"], point["named"]]
    for rate in _RATES:
        estimate = point[rate] or {}
        cells += [estimate.get(part) for part in ("value", "low", "high")]
    return cells
