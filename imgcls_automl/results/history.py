"""The epochs of a trial, read from its history.csv, also while it is being written."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.results.trial_record import TrialRecord


def read_history(trial: TrialRecord) -> list[dict[str, float]]:
    """Read a trial's epochs so far: the numeric columns of history.csv, `"epoch"` among them.

    A line that is still being written counts as not yet there.
    """
    path = trial.folder / "history.csv"
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


def _to_float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:  # the time column, an empty cell
        return None
