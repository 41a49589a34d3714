"""Weights and models on the disk, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from imgcls_automl.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from imgcls_automl.plugin import Candidate, ImageTask, SearchSpace


def save_weights(network: Any, weights: list[np.ndarray], path: Path) -> None:
    """Set a network's weights and save them."""
    network.set_weights(weights)
    with replacing(path) as temporary:
        network.save_weights(temporary)


def save_pixel_model(
    space: SearchSpace, candidate: Candidate, task: ImageTask, weights: list[np.ndarray], path: Path
) -> Any:
    """Save a model that stands alone, and return it.

    Input: pixels 0-255 (N, H, W, C). Output: float32 probabilities (N, K). All of it in float32, whatever the
    precision of training, and made of Keras layers only, so that it loads in safe mode and without this package.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        network = space.build(candidate.model, task)
        network.set_weights(weights)
        pixels = keras.Input(task.image_shape, name="pixels")
        logits = network(keras.layers.Rescaling(1 / 255, name="rescale")(pixels))
        model = keras.Model(
            pixels, keras.layers.Softmax(name="probabilities")(logits), name="imgcls"
        )
        with replacing(path) as temporary:
            model.save(temporary)
    finally:
        keras.config.set_dtype_policy(policy)
    return model
