"""Weights and models on the disk, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.files import replacing
from imgcls_automl.training.pixel_model import build_pixel_model
from imgcls_automl.training.weights import set_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from imgcls_automl.plugin import ImageTask, SearchSpace
    from imgcls_automl.training.pixel_model import Part


def save_weights(network: Any, weights: list[np.ndarray], path: Path) -> None:
    """Set a network's weights and save them."""
    set_weights(network, weights)
    with replacing(path) as temporary:
        network.save_weights(temporary)


def save_pixel_model(
    space: SearchSpace,
    task: ImageTask,
    parts: Sequence[Part],
    path: Path,
    *,
    temperature: float = 1.0,
) -> Any:
    """Build a model that stands alone as `build_pixel_model` does, save it as `.keras`, and return it."""
    model = build_pixel_model(space, task, parts, temperature=temperature)
    with replacing(path) as temporary:
        model.save(temporary)
    return model
