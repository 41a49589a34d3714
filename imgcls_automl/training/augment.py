"""Random changes to training pictures, on the device, as part of the training step."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

if TYPE_CHECKING:
    from imgcls_automl.plugin import Augmentation

_AFFINE = ("rotation", "zoom", "translation")


class Augment(keras.layers.Layer):  # type: ignore[misc]
    """Applies an `Augmentation` to float32 pictures (N, H, W, C) in [0, 1].

    Which changes are made is fixed when the layer is made; how strong they are is held in variables.
    """

    def __init__(self, augmentation: Augmentation) -> None:
        super().__init__(dtype="float32", name="augment")
        strengths = {
            entry.name: float(getattr(augmentation, entry.name)) for entry in fields(augmentation)
        }
        self.enabled = frozenset(name for name, strength in strengths.items() if strength > 0)
        self.strength = {
            name: self.add_weight(shape=(), initializer="zeros", trainable=False, name=name)
            for name in sorted(self.enabled)
        }
        self.seeds = keras.random.SeedGenerator()

    def set_strengths(self, augmentation: Augmentation) -> None:
        """Set how strong the changes are that this layer makes."""
        for name, variable in self.strength.items():
            variable.assign(float(getattr(augmentation, name)))

    def call(self, images: Any) -> Any:
        if "horizontal_flip" in self.enabled:
            images = self._flip(images)
        if self.enabled.intersection(_AFFINE):
            images = self._transform(images)
        if "erasing" in self.enabled:
            images = self._erase(images)
        return images

    def mix(self, images: Any) -> tuple[Any, Any]:
        """Mix each picture with its mirror in the batch (mixup); only where that is enabled.

        Returns:
            The pictures, and the share in [0.5, 1] that each keeps of itself: Beta(alpha, alpha), the larger part
            first. (N, 1)
        """
        alpha = self.strength["mixup"]
        drawn = keras.random.beta((ops.shape(images)[0], 1), alpha, alpha, seed=self.seeds)
        shares = ops.maximum(drawn, 1.0 - drawn)
        own = shares[:, :, None, None]
        return own * images + (1.0 - own) * ops.flip(images, axis=0), shares

    def _uniform(self, shape: tuple[Any, ...], low: float = 0.0, high: float = 1.0) -> Any:
        return keras.random.uniform(shape, low, high, seed=self.seeds)

    def _flip(self, images: Any) -> Any:
        chosen = self._uniform((ops.shape(images)[0], 1, 1, 1)) < 0.5
        return ops.where(chosen, ops.flip(images, axis=2), images)

    def _transform(self, images: Any) -> Any:
        """Rotate, zoom and shift about the centre, in one resampling; what comes in from outside is the edge."""
        batch, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
        zero = ops.zeros((batch,))
        angle = self._signed(batch, "rotation", zero) * (2 * 3.141592653589793)
        scale = 1.0 + self._signed(batch, "zoom", zero)
        cos, sin = ops.cos(angle) * scale, ops.sin(angle) * scale
        x, y = (width - 1) / 2, (height - 1) / 2
        right = self._signed(batch, "translation", zero) * width
        down = self._signed(batch, "translation", zero) * height
        # Output (x, y) is read from (a x + b y + c, d x + e y + f): the inverse of what the picture does.
        rows = [
            cos,
            -sin,
            x - x * cos + y * sin + right,
            sin,
            cos,
            y - x * sin - y * cos + down,
            zero,
            zero,
        ]
        return ops.image.affine_transform(images, ops.stack(rows, axis=1), fill_mode="nearest")

    def _signed(self, batch: Any, name: str, zero: Any) -> Any:
        return (
            self._uniform((batch,), -1.0, 1.0) * self.strength[name]
            if name in self.enabled
            else zero
        )

    def _erase(self, images: Any) -> Any:
        """Grey out a rectangle of a fifth to a half of each side (Zhong et al., 2017, arXiv:1708.04896)."""
        batch, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
        inside = self._covers(batch, height)[:, :, None] & self._covers(batch, width)[:, None, :]
        chosen = self._uniform((batch, 1, 1)) < self.strength["erasing"]
        return ops.where((inside & chosen)[..., None], 0.5, images)

    def _covers(self, batch: Any, side: int) -> Any:
        """Which of `side` positions a random stretch covers: bool (N, side)."""
        length = self._uniform((batch, 1), 0.2, 0.5) * side
        start = self._uniform((batch, 1)) * (side - length)
        position = ops.arange(side, dtype="float32")[None, :]
        return (position >= start) & (position < start + length)
