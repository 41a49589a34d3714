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
    rows = _read_rows(folder / HISTORY)
    epochs = []
    for row in rows[1:]:
        if len(row) == len(rows[0]):
            cells = zip(rows[0], row, strict=True)
            epochs.append(
                {name: number for name, cell in cells if (number := _to_float(cell)) is not None}
            )
    return [epoch for epoch in epochs if "epoch" in epoch]


def find_damage(folder: Path, epochs: int) -> str:
    """What is wrong with the history of a trial that has ended, in a few words; empty where nothing is.

    Args:
        folder: The trial's.
        epochs: How many lines it must have at least.
    """
    path = folder / HISTORY
    if not path.is_file():
        return ""
    rows = _read_rows(path)
    names = rows[0] if rows else []
    if "epoch" not in names:
        return "it has no columns of ours"
    for number, row in enumerate(rows[1:], start=2):
        cells = dict(zip(names, row, strict=False))
        wrong = [name for name in names if name != "time" and not _is_number(cells.get(name))]
        if wrong or len(row) != len(names):
            return f"line {number} is cut off or no epoch"
    if not path.read_bytes().endswith(b"\n"):
        return "its last line is cut off"
    if len(rows) <= epochs:
        return f"it tells of {len(rows) - 1} epochs, but {epochs} were trained"
    return ""


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


def _read_rows(path: Path) -> list[list[str]]:
    """All lines with their header; none where there is no such table."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="", errors="replace") as file:
        try:
            return list(csv.reader(file))
        except csv.Error:  # a cell without end, say
            return []


def _is_number(cell: str | None) -> bool:
    return cell is not None and (not cell or _to_float(cell) is not None)


def _to_float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:  # the time column, an empty cell
        return None
