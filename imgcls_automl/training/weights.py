"""Weights moved between networks of one architecture, and layers thawed, where Keras's own way falls short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def set_weights(network: Any, weights: list[np.ndarray]) -> None:
    """Set a network's weights, and what its adapted layers derive from theirs."""
    network.set_weights(weights)
    for layer in _list_adapted(network):
        layer.finalize_state()


def is_adapted(network: Any) -> bool:
    """Whether a network has layers such as `Normalization`, which compile statistics in as constants."""
    return bool(_list_adapted(network))


def thaw(network: Any) -> None:
    """Make all layers trainable. Setting it on the network alone leaves its layers as they are (Keras 3.15)."""
    for layer in network._flatten_layers():
        layer.trainable = True


def _list_adapted(network: Any) -> list[Any]:
    return [layer for layer in network._flatten_layers() if hasattr(layer, "finalize_state")]
