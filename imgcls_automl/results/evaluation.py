"""The files of best/ that tell how the winner did on the test split. Runs in a child process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.files import write_csv, write_text
from imgcls_automl.results.metrics import compute_confusion_matrix
from imgcls_automl.text import format_json, guard_cell, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


def write_best_files(
    best: Path,
    *,
    ids: Sequence[str],
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    metrics: Mapping[str, Any],
) -> None:
    """Write labels.json, metrics.json, predictions.csv, confusion_matrix.csv and errors.csv.

    JSON keeps class names exactly. In the CSV files control characters of ids and names are shown
    as escapes, and what a spreadsheet would run as a formula gets an apostrophe in front.

    Args:
        best: The folder; it exists.
        ids: N names of pictures.
        labels: True class indices (N,).
        probabilities: float32 (N, K).
        class_names: K names.
        metrics: As `compute_metrics` gives them.
    """
    write_text(best / "labels.json", format_json(list(class_names)))
    write_text(best / "metrics.json", format_json(dict(metrics)))
    write_csv(
        best / "predictions.csv",
        ["id", "label", "predicted", "probability", *(f"p:{plain(name)}" for name in class_names)],
        _list_predictions(ids, labels, probabilities, class_names),
    )
    write_csv(
        best / "confusion_matrix.csv",
        ["true \\ predicted", *(guard_cell(name) for name in class_names)],
        _list_confusions(labels, probabilities, class_names),
    )
    write_csv(
        best / "errors.csv",
        ["id", "label", "predicted", "probability", "loss"],
        _list_errors(ids, labels, probabilities, class_names),
    )


def _list_predictions(
    ids: Sequence[str], labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> Iterator[list[Any]]:
    names = [guard_cell(name) for name in class_names]
    predicted = probabilities.argmax(axis=1)
    # As texts: the shortest that reads back as the same float32.
    for row, (name, label, guess) in enumerate(zip(ids, labels, predicted, strict=True)):
        cells = [str(value) for value in probabilities[row]]
        yield [guard_cell(name), names[label], names[guess], cells[guess], *cells]


def _list_confusions(
    labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> Iterator[list[Any]]:
    matrix = compute_confusion_matrix(labels, probabilities)
    for name, counts in zip(class_names, matrix.tolist(), strict=True):
        yield [guard_cell(name), *counts]


def _list_errors(
    ids: Sequence[str], labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> Iterator[list[Any]]:
    names = [guard_cell(name) for name in class_names]
    for row, guess, loss in rank_errors(labels, probabilities):
        yield [
            guard_cell(ids[row]),
            names[labels[row]],
            names[guess],
            str(probabilities[row, guess]),
            loss,
        ]


def rank_errors(labels: np.ndarray, probabilities: np.ndarray) -> list[tuple[int, int, float]]:
    """The mistakes, the costliest first: which picture, the class it was taken for, its cross-entropy.

    Args:
        labels: True class indices (N,).
        probabilities: float32 (N, K).
    """
    predicted = probabilities.argmax(axis=1)
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    losses = -np.log(np.clip(given, np.finfo(np.float32).eps, 1.0))
    wrong = np.flatnonzero(predicted != labels)
    ranked = wrong[np.argsort(-losses[wrong], kind="stable")]
    return [(int(row), int(predicted[row]), round(float(losses[row]), 4)) for row in ranked]
