"""Dropout whose rate is held in a variable, so that candidates of different rates share a compiled step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

if TYPE_CHECKING:
    from collections.abc import Callable


class RatedDropout(keras.layers.Layer):  # type: ignore[misc]
    """Dropout (Srivastava et al., 2014) whose rate is one entry of a vector of variables.

    Args:
        rates: The vector (D,), owned by the trainee.
        position: The entry.
    """

    def __init__(self, rates: Any, position: int, *, name: str, dtype: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self._read_rate: Any = _reader(rates, position)
        self.seeds = keras.random.SeedGenerator()
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        rate = ops.cast(
            self._read_rate(), "float32"
        )  # Keras reads variables in the layer's precision
        drawn = keras.random.uniform(ops.shape(inputs), dtype="float32", seed=self.seeds)
        scaled = inputs / ops.cast(1.0 - rate, inputs.dtype)
        return ops.where(drawn >= rate, scaled, ops.zeros_like(inputs))


def _reader(vector: Any, position: int) -> Callable[[], Any]:
    """Read an entry of a variable from behind a function, where Keras does not track it as a layer's own."""
    return lambda: vector[position]


def is_described(network: Any) -> bool:
    """Whether a network is a graph of Keras's own layers, so that its configuration tells all of it."""
    graph = isinstance(network, keras.Sequential) or type(network).__name__ == "Functional"
    return graph and all(
        type(layer).__module__.startswith("keras.") for layer in network._flatten_layers()
    )


def list_dropouts(network: Any) -> list[Any]:
    """The layers whose rate can be held in a variable: plain dropout, at the top of a described network."""
    if not is_described(network):
        return []
    layers = [layer for layer in network.layers if type(layer) is keras.layers.Dropout]
    return [layer for layer in layers if layer.rate > 0 and layer.noise_shape is None]


def clone_rated(network: Any, dropouts: list[str], rates: Any) -> Any:
    """Copy a network with rated dropout in place of its own; weights are set by `Program.begin`."""
    if not is_described(network):
        return network

    def copy(layer: Any) -> Any:
        if layer.name in dropouts:
            return RatedDropout(
                rates, dropouts.index(layer.name), name=layer.name, dtype=layer.dtype_policy
            )
        return layer.__class__.from_config(layer.get_config())

    return keras.models.clone_model(network, clone_function=copy)
