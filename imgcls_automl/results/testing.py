"""The one look at the test split: metrics and files of best/, from the saved model's probabilities."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import write_json
from imgcls_automl.results.evaluation import write_best_files
from imgcls_automl.results.final_model import MAIN_METRICS
from imgcls_automl.results.metrics import compute_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from imgcls_automl.data.dataset import Dataset

SCHEMA_VERSION = 1


def write_test_results(
    best: Path,
    dataset: Dataset,
    *,
    test: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    flips: bool,
    single: np.ndarray | None = None,
    temperature: float = 1.0,
) -> dict[str, Any]:
    """Measure a model on the test split and write all of best/ but the model and its card.

    Args:
        best: The folder; it exists.
        dataset: The run's data set.
        test: Positions of the test pictures in it (N,).
        labels: Their class indices (N,).
        probabilities: float32 (N, K).
        flips: Whether the model averages over each picture and its mirror.
        single: What the winner alone says (N, K), where the model is an ensemble; adds its main metrics as `"single"`.
        temperature: The model's own; where it is not 1, the main metrics without it are added as `"uncalibrated"`.

    Returns:
        What metrics.json holds.
    """
    groups = _read_groups(dataset)
    names = dataset.task.class_names
    metrics = compute_metrics(
        labels,
        probabilities,
        dataset.task.class_names,
        train_counts=dataset.task.class_counts,
        groups=None if groups is None else [groups[position] for position in test],
    )
    if temperature != 1.0:
        metrics["uncalibrated"] = _measure_main(labels, _undo(probabilities, temperature), names)
    if single is not None:
        metrics["single"] = _measure_main(labels, single, names)
    ids = read_ids(dataset)
    write_best_files(
        best,
        ids=[ids[position] for position in test],
        labels=labels,
        probabilities=probabilities,
        class_names=dataset.task.class_names,
        metrics=metrics,
    )
    write_json(best / "preprocess.json", describe_preprocessing(dataset, flips=flips))
    return metrics


def _measure_main(
    labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> dict[str, Any]:
    measured = compute_metrics(labels, probabilities, class_names)
    return {name: measured[name] for name in MAIN_METRICS}


def _undo(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (N, K) as they would be without the temperature that they were given."""
    powers = probabilities.astype("float64") ** temperature
    undone: np.ndarray = (powers / powers.sum(axis=1, keepdims=True)).astype("float32")
    return undone


def describe_preprocessing(dataset: Dataset, *, flips: bool) -> dict[str, Any]:
    """What has to be done to a picture before the model sees it."""
    height, width, channels = dataset.task.image_shape
    return {
        "schema_version": SCHEMA_VERSION,
        "height": height,
        "width": width,
        "channels": channels,
        "resize": dataset.resize,
        "decoding": "upright by EXIF, first frame, transparency on white, 16 bits divided by 257, bilinear "
        "with antialiasing, padding black",
        "flips": flips,
        "pixels": "0-255, as decoded; the model rescales them, and mirrors them where flips is true, itself",
        "outputs": "probabilities, in the order of labels.json",
    }


def read_ids(dataset: Dataset) -> list[str]:
    """The ids of all pictures of a data set, as CSV files have them."""
    return _read_column(dataset.splits.with_name("splits.csv"), "id")


def _read_groups(dataset: Dataset) -> list[str | None] | None:
    """The group of each picture, None where it has none; None where the data names no groups."""
    path = dataset.splits.with_name("groups.csv")
    if not path.is_file():
        return None
    return [group or None for group in _read_column(path, "group")]


def _read_column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row[name] for row in csv.DictReader(file)]
