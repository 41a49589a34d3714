"""A first convolution that gives uncorrelated values: fixed filters, taken from patches of the pictures.

Page (2018, https://myrtle.ai/learn/how-to-train-your-resnet/) and Jordan (2024, airbench, arXiv:2404.00498) begin
their fast networks so: what follows learns in fewer steps, and nothing is computed backwards through this layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import numpy as np

LAYER = "whitening"

PATCHES = 20_000  # that the statistics are taken from
FLOOR = 1e-3  # added to variances in [0, 1]^2, so that what hardly varies is not blown up
_SEED = 0  # of the choice of patches: the same pictures give the same filters


def whiten(x: Any, size: int, strides: int) -> Any:
    """Apply the layer that `fit_whitening` sets: (N, H, W, C) -> (N, H', W', 2 * size * size * C).

    Each principal component of a patch is there with both signs, so that a rectifier loses neither.
    """
    from keras import layers

    filters = 2 * size * size * x.shape[-1]
    layer = layers.Conv2D(filters, size, strides=strides, padding="same", name=LAYER)
    layer.trainable = False
    return layer(x)


def fit_whitening(model: keras.Model, images: np.ndarray) -> None:
    """Set the layer's filters to the principal components of patches, each of variance 1.

    Args:
        model: Holds a layer made by `whiten`.
        images: uint8 (N, H, W, C).
    """
    import numpy as np

    layer = model.get_layer(LAYER)
    size = layer.kernel_size[0]
    patches = _draw_patches(images, size)
    mean = patches.mean(axis=0)
    variances, components = np.linalg.eigh(np.cov(patches, rowvar=False))
    filters = components / np.sqrt(np.maximum(variances, 0.0) + FLOOR)  # (size * size * C, same)
    both = np.concatenate([filters, -filters], axis=1)
    kernel = both.reshape(size, size, images.shape[-1], -1)
    layer.set_weights([kernel.astype("float32"), (-mean @ both).astype("float32")])


def _draw_patches(images: np.ndarray, size: int) -> np.ndarray:
    """Draw patches at random: float64 (PATCHES, size * size * C) in [0, 1]."""
    import numpy as np

    count, height, width, _ = images.shape
    generator = np.random.default_rng(_SEED)
    numbers = np.sort(generator.integers(0, count, PATCHES))  # in order, for a memory map's sake
    tops = generator.integers(0, height - size + 1, PATCHES)
    lefts = generator.integers(0, width - size + 1, PATCHES)
    within = np.arange(size)
    rows = (tops[:, None] + within)[:, :, None]
    columns = (lefts[:, None] + within)[:, None, :]
    patches: np.ndarray = images[numbers[:, None, None], rows, columns]
    return patches.reshape(PATCHES, -1) / np.float64(255.0)
