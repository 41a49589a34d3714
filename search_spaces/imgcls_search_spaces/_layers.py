"""Pieces of networks that several first-party spaces are made of; each takes and gives a Keras tensor."""

from __future__ import annotations

from typing import Any

MIN_HALVED_SIDE = 4  # pixels: what is halved keeps two a side
# More values than this are averaged down first: a dense layer of 256 units then has 2 million weights at most.
MAX_FLATTENED = 8192
# Of batch normalisation: its statistics have to follow a training of a few hundred steps.
MOMENTUM = 0.9


def halve(x: Any) -> Any:
    """Max-pool (N, H, W, C) to half its sides, as long as two pixels are left of each."""
    from keras import layers

    return layers.MaxPooling2D(2)(x) if is_halvable(x) else x


def is_halvable(x: Any) -> bool:
    """Whether half of each side of (N, H, W, C) is still two pixels or more."""
    return bool(min(x.shape[1:3]) >= MIN_HALVED_SIDE)


def convolve(
    x: Any, filters: int, *, kernel_size: int = 3, batch_norm: bool, pool: bool = True
) -> Any:
    """Padded convolution, 2x2 max pooling, batch normalisation (or none) and ReLU.

    Pooling comes before normalisation and ReLU, so that every later step works on a quarter of the
    values (without normalisation the result is the same either way: pooling and ReLU commute).
    """
    from keras import layers

    # Batch normalisation brings a bias of its own.
    x = layers.Conv2D(filters, kernel_size, padding="same", use_bias=not batch_norm)(x)
    if pool:
        x = halve(x)
    if batch_norm:
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    return layers.ReLU()(x)


def drop(x: Any, rate: float) -> Any:
    """Dropout; no layer at all where the rate is 0."""
    from keras import layers

    return layers.Dropout(rate)(x) if rate > 0.0 else x


def classify_flattened(x: Any, *, units: int, dropout: float, classes: int) -> Any:
    """One dense layer on all that is left of a picture, then logits (N, classes)."""
    from keras import layers

    x = layers.Flatten()(_shrink(x))
    x = layers.Dense(units, activation="relu")(x)
    return layers.Dense(classes)(drop(x, dropout))


def _shrink(x: Any) -> Any:
    """Average neighbours until at most `MAX_FLATTENED` values are left for the dense layer."""
    from keras import layers

    while x.shape[1] * x.shape[2] * x.shape[3] > MAX_FLATTENED:
        x = layers.AveragePooling2D((min(2, x.shape[1]), min(2, x.shape[2])))(x)
    return x
