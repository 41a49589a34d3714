"""The epochs of a trial, read from its history.csv, also while it is being written."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from imgcls_automl.trial_files import HISTORY

if TYPE_CHECKING:
    from pathlib import Path


def read_history(folder: Path) -> list[dict[str, float]]:
    """Read a trial's epochs so far: the numeric columns of history.csv, `"epoch"` among them.

    A line that is still being written, or was cut short, counts as not there.
    """
    path = folder / HISTORY
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="", errors="replace") as file:
        rows = list(csv.reader(file))
    epochs = []
    for row in rows[1:]:
        if len(row) == len(rows[0]):
            cells = zip(rows[0], row, strict=True)
            epochs.append(
                {name: number for name, cell in cells if (number := _to_float(cell)) is not None}
            )
    return [epoch for epoch in epochs if "epoch" in epoch]


def read_scores(folder: Path, metric: str) -> dict[int, float]:
    """A selection metric after each epoch of a trial, with folds of its first; empty where nothing is on record."""
    column = score_column(metric)
    return {
        int(epoch["epoch"]): epoch[column]
        for epoch in read_history(folder)
        if epoch.get("fold", 1.0) == 1.0 and column in epoch
    }


def score_column(metric: str) -> str:
    """The column of history.csv that a selection metric reads."""
    from imgcls_automl.training.scoring import EPOCH_METRIC

    return EPOCH_METRIC[metric]


def _to_float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:  # the time column, an empty cell
        return None
