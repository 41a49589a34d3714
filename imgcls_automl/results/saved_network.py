"""A run's saved model opened and asked. Runs in a child process only: it loads a framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.errors import ConfigError
from imgcls_automl.results.documents import damaged
from imgcls_automl.training.pictures import EVALUATION_PIXELS

if TYPE_CHECKING:
    from imgcls_automl.results.predicting import SavedModel


def load_network(model: SavedModel, device: str) -> tuple[Any, str | None]:
    """The model, and what the user should know of the device.

    Raises:
        ConfigError: A GPU was asked for and there is none.
        RunFolderError: The file cannot be read, or is not of the kind that those beside it speak of.
    """
    from imgcls_automl.training.backend import load_backend

    try:
        backend = load_backend(device)
    except LookupError as error:
        raise ConfigError(f"--device {device}: {error}.") from error
    import keras

    try:
        network = keras.saving.load_model(model.path, compile=False, safe_mode=True)
    except Exception as error:  # zip, HDF5, JSON and Keras raise what they like on a damaged file
        reason = " ".join(str(error).split())[:200]
        raise damaged(model.path, f"{type(error).__name__}: {reason}") from error
    for what, found, wanted in (
        ("takes pictures of", network.input_shape[1:], model.image_shape),
        ("gives probabilities of", network.output_shape[1:], (len(model.class_names),)),
    ):
        if tuple(found) != wanted:
            raise damaged(
                model.path, f"it {what} {found}, but the files beside it speak of {wanted}"
            )
    return network, backend.warning


def choose_batch_size(shape: tuple[int, int, int], count: int) -> int:
    """Pictures a batch: many small or few large ones, and no more than there are."""
    height, width, _ = shape
    return max(1, min(1024, max(16, EVALUATION_PIXELS // (height * width)), count))


def predict_pixels(network: Any, pixels: np.ndarray, count: int) -> np.ndarray:
    """Probabilities (count, K) of the first pictures of a batch, uint8 (B, H, W, C).

    The model is always given the whole batch, whatever lies behind them: another size would compile anew.
    """
    if not count:
        return np.zeros((0, network.output_shape[-1]), dtype=np.float32)
    return np.asarray(network.predict_on_batch(pixels))[:count]
