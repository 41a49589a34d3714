"""The model that stands alone: pixels in, probabilities of one network or of several out, with their temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras

from imgcls_automl.training.weights import set_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from imgcls_automl.plugin import Candidate, ImageTask, SearchSpace


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A network of the model.

    Attributes:
        candidate: What to build.
        weights: Its weights.
        flips: Whether it is asked of each picture and its mirror.
        share: What its probabilities count; those of all parts sum to 1.
    """

    candidate: Candidate
    weights: list[np.ndarray]
    flips: bool = False
    share: float = 1.0


def build_pixel_model(
    space: SearchSpace, task: ImageTask, parts: Sequence[Part], *, temperature: float = 1.0
) -> Any:
    """Build a model of one part or the average of several.

    Input: pixels 0-255 (N, H, W, C). Output: float32 probabilities (N, K). All of it in float32, whatever the
    precision of training, and made of nothing but Keras, so that it loads in safe mode and without this package.

    Args:
        space: Builds the networks.
        task: Shape and classes.
        parts: One or more.
        temperature: Divides the logarithms of the averaged probabilities, which are then normalised again (Guo et al.,
            2017, arXiv:1706.04599); of a single part without flips that is to divide its logits.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        pixels = keras.Input(task.image_shape, name="pixels")
        # Not a Rescaling layer: under JAX it imports TensorFlow.
        images = keras.ops.multiply(pixels, 1 / 255)
        views: list[tuple[Any, float]] = []
        for number, part in enumerate(parts, start=1):
            network = space.build(part.candidate.model, task)
            set_weights(network, part.weights)
            if len(parts) > 1:  # a space may name all its networks alike
                network.name = f"member_{number}"
            shown = [images, keras.ops.flip(images, axis=2)] if part.flips else [images]
            views += [(network(it), part.share / len(shown)) for it in shown]
        logits = views[0][0] if len(views) == 1 else _average(views)
        if temperature != 1.0:
            logits = keras.ops.multiply(logits, 1 / temperature)
        outputs = keras.layers.Softmax(name="probabilities")(logits)
        return keras.Model(pixels, outputs, name="imgcls")
    finally:
        keras.config.set_dtype_policy(policy)


def _average(views: Sequence[tuple[Any, float]]) -> Any:
    """The logarithms of the average probabilities of weighted logits (N, K), in which small ones are not lost."""
    shares = [
        keras.ops.add(keras.ops.log_softmax(logits), math.log(share)) for logits, share in views
    ]
    return keras.ops.logsumexp(keras.ops.stack(shares, axis=0), axis=0)
