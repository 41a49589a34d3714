"""The files of best/ tell the test split picture by picture, and no picture's name can do harm."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HOSTILE = ("=cmd|' /C calc'!A0", "\x1b[31mred\u202e")


def read_table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def best(finished_run: Any) -> Path:
    return Path(finished_run.path / "best")


@pytest.fixture
def hostile_best(tmp_path: Path, run_folder: Any) -> Path:
    run = type(run_folder)(tmp_path / "hostile", class_names=HOSTILE).write_run()
    answers = np.array([[0.25, 0.75], [0.9, 0.1], [0.999, 0.001]], np.float32)
    run.write_best(np.array([1, 1, 1]), answers, ["+a.png", "b\n.png", "c\x9b.png"])
    return Path(run.path / "best")


def test_predictions_hold_every_picture_with_exact_probabilities(
    best: Path, digits_test: Any
) -> None:
    header, *rows = read_table(best / "predictions.csv")
    assert header == ["id", "label", "predicted", "probability", *(f"p:{k}" for k in range(10))]
    assert [row[0] for row in rows] == digits_test.ids
    read = np.array([row[4:] for row in rows], dtype=np.float32)
    assert (read == digits_test.probabilities).all()
    assert all(float(row[3]) == max(map(float, row[4:])) for row in rows)


def test_the_confusion_matrix_has_headers_and_counts_every_picture(
    best: Path, digits_test: Any
) -> None:
    header, *rows = read_table(best / "confusion_matrix.csv")
    assert header[1:] == [row[0] for row in rows] == list("0123456789")
    assert sum(int(cell) for row in rows for cell in row[1:]) == len(digits_test.labels)


def test_errors_are_the_wrong_ones_worst_first(best: Path) -> None:
    _, *predictions = read_table(best / "predictions.csv")
    header, *errors = read_table(best / "errors.csv")
    assert header == ["id", "label", "predicted", "probability", "loss"]
    assert {row[0] for row in errors} == {row[0] for row in predictions if row[1] != row[2]}
    losses = [float(row[4]) for row in errors]
    assert losses == sorted(losses, reverse=True)


def test_labels_and_metrics_read_back_exactly(hostile_best: Path) -> None:
    assert json.loads((hostile_best / "labels.json").read_text()) == list(HOSTILE)
    metrics = json.loads((hostile_best / "metrics.json").read_text())
    assert set(metrics["classes"]) == set(HOSTILE)
    assert set(metrics["accuracy"]) == {"value", "low", "high"}


def test_names_of_classes_and_pictures_are_harmless(hostile_best: Path) -> None:
    for path in hostile_best.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not {"\x1b", "\x9b", "\u202e"} & set(text), path.name
    for name in ("predictions.csv", "confusion_matrix.csv", "errors.csv"):
        cells = [cell for row in read_table(hostile_best / name) for cell in row]
        assert not any(cell.startswith(("=", "+", "@")) for cell in cells), name


def test_the_loss_of_a_confident_mistake(hostile_best: Path) -> None:
    _, worst, second = read_table(hostile_best / "errors.csv")
    assert (worst[0], second[0]) == ("c\\x9b.png", "b\\x0a.png")
    assert float(worst[4]) == pytest.approx(-math.log(0.001), abs=1e-3)
