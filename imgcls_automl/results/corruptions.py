"""Pictures made worse on purpose, to see how much of it a model bears."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.threads import map_in_order

if TYPE_CHECKING:
    from collections.abc import Callable

CORRUPTIONS = ("brightness", "contrast", "blur", "noise", "jpeg")
SEVERITIES = (1, 2, 3, 4, 5)
SMALL = 64  # pixels of the longer side

# Of Hendrycks & Dietterich (2019, arXiv:1903.12261): what CIFAR-10-C does to small pictures of 32x32,
# and ImageNet-C to large ones of 224x224. Blur is in pixels of those sizes, and grows with the picture.
_SMALL_STRENGTHS = {
    "brightness": (0.05, 0.1, 0.15, 0.2, 0.3),
    "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),
    "blur": (0.4, 0.6, 0.7, 0.8, 1.0),
    "noise": (0.04, 0.06, 0.08, 0.09, 0.10),
    "jpeg": (80, 65, 58, 50, 40),
}
_LARGE_STRENGTHS = {
    "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
    "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
    "blur": (1.0, 2.0, 3.0, 4.0, 6.0),
    "noise": (0.08, 0.12, 0.18, 0.26, 0.38),
    "jpeg": (25, 18, 15, 10, 7),
}
_SMALL_SIDE, _LARGE_SIDE = 32, 224


def corrupt_pictures(
    pixels: np.ndarray, corruption: str, severity: int, generator: np.random.Generator
) -> np.ndarray:
    """Corrupt pictures as they lie before the model, at its size.

    Args:
        pixels: uint8 (B, H, W, C), C 1 or 3.
        corruption: One of `CORRUPTIONS`.
        severity: 1 to 5.
        generator: Draws the noise.

    Returns:
        uint8 (B, H, W, C).
    """
    side = max(pixels.shape[1:3])
    small = side <= SMALL
    strength = (_SMALL_STRENGTHS if small else _LARGE_STRENGTHS)[corruption][severity - 1]
    if corruption == "blur":
        sigma = strength * side / (_SMALL_SIDE if small else _LARGE_SIDE)
        return _map_pictures(pixels, lambda picture: _blur(picture, sigma))
    if corruption == "jpeg":
        return _map_pictures(pixels, lambda picture: _compress(picture, int(strength)))
    shares = pixels.astype(np.float32) / 255
    if corruption == "noise":
        changed = shares + generator.normal(0, strength, shares.shape).astype(np.float32)
    elif corruption == "contrast":
        means = shares.mean(axis=(1, 2), keepdims=True)
        changed = (shares - means) * strength + means
    else:
        changed = _brighten(shares, strength)
    return (changed.clip(0, 1) * 255).astype(np.uint8)


def _brighten(shares: np.ndarray, strength: float) -> np.ndarray:
    """Raise the value of HSV, which is the largest channel; hue and saturation stay."""
    value = shares.max(axis=3, keepdims=True)
    raised = np.minimum(value + strength, 1)
    brighter: np.ndarray = np.where(
        value > 0, shares * (raised / np.maximum(value, 1 / 255)), raised
    )
    return brighter


def _map_pictures(pixels: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.stack(list(map_in_order(change, pixels))).reshape(pixels.shape)  # type: ignore[arg-type]


def _blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    from PIL import Image, ImageFilter

    blurred = Image.fromarray(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture)
    return np.asarray(blurred.filter(ImageFilter.GaussianBlur(sigma)))


def _compress(picture: np.ndarray, quality: int) -> np.ndarray:
    from PIL import Image

    file = BytesIO()
    plain = picture.squeeze(axis=2) if picture.shape[2] == 1 else picture
    Image.fromarray(plain).save(file, "JPEG", quality=quality)
    with Image.open(file, formats=("JPEG",)) as image:
        return np.asarray(image)
