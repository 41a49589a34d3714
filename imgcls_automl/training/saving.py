"""Weights and models on the disk, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from imgcls_automl.files import replacing
from imgcls_automl.training.weights import set_weights

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from imgcls_automl.plugin import Candidate, ImageTask, SearchSpace


def save_weights(network: Any, weights: list[np.ndarray], path: Path) -> None:
    """Set a network's weights and save them."""
    set_weights(network, weights)
    with replacing(path) as temporary:
        network.save_weights(temporary)


def save_pixel_model(
    space: SearchSpace,
    candidate: Candidate,
    task: ImageTask,
    weights: list[np.ndarray],
    path: Path,
    *,
    flips: bool = False,
) -> Any:
    """Save a model that stands alone, and return it.

    Input: pixels 0-255 (N, H, W, C). Output: float32 probabilities (N, K). All of it in float32, whatever the
    precision of training, and made of nothing but Keras, so that it loads in safe mode and without this package.

    Args:
        space: Builds the network.
        candidate: What to build.
        task: Shape and classes.
        weights: The network's.
        path: The file, `.keras`.
        flips: Whether probabilities are averaged over each picture and its mirror.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        network = space.build(candidate.model, task)
        set_weights(network, weights)
        pixels = keras.Input(task.image_shape, name="pixels")
        # Not a Rescaling layer: under JAX it imports TensorFlow.
        images = keras.ops.multiply(pixels, 1 / 255)
        probabilities = keras.layers.Softmax(name="probabilities")
        outputs = probabilities(network(images))
        if flips:
            mirrored = probabilities(network(keras.ops.flip(images, axis=2)))
            outputs = keras.layers.Average(name="average")([outputs, mirrored])
        model = keras.Model(pixels, outputs, name="imgcls")
        with replacing(path) as temporary:
            model.save(temporary)
    finally:
        keras.config.set_dtype_policy(policy)
    return model
