"""The files that `numpy_worker.py` leaves as a real worker does: weights in HDF5, answers to validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py  # type: ignore[import-untyped]
import numpy as np

from imgcls_automl.files import replacing
from imgcls_automl.trial_files import opinion_file, weights_file

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.executors.tasks import RetrainTask
    from systems.softmax_regression import Regression


def save_weights(model: Regression, folder: Path) -> None:
    """Keep a model's weights in the folder of a trial or a retraining."""
    with replacing(weights_file(folder, None)) as temporary, h5py.File(temporary, "w") as file:
        file["weights"] = model.weights


def load_weights(model: Regression, folder: Path) -> None:
    """Give a model the weights that a folder keeps."""
    with h5py.File(weights_file(folder, None)) as file:
        model.weights = file["weights"][:]


def save_answers(model: Regression, task: RetrainTask) -> None:
    """Keep what a retraining says of validation; of mirrored pictures it says the same."""
    _, labels, probabilities = model.predict_split(1)
    logits = np.log(np.maximum(probabilities, 1e-7))
    file = opinion_file(task.trial_folder, task.seed if task.epochs else None)
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, labels=labels, plain=logits, flipped=logits)
