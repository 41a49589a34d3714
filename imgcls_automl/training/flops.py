"""How much a network computes for one picture, counted layer by layer, on whatever backend.

Counted are multiply-adds, two operations each: what matrices of weights are multiplied by, normalisation and the
products of attention. Biases, activations and pooling are left out, as is usual. A layer of a kind unknown here is
taken to use each matrix of its weights once at every position of its output, as a convolution does.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PER_ELEMENT = (  # one multiply-add for each value they give: with fixed statistics they are a scale and a shift
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.UnitNormalization,
    keras.layers.Normalization,
    keras.layers.PReLU,
)
_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


@dataclass(frozen=True, slots=True)
class _Use:
    """A layer at work: the shapes it takes and the one it gives, the batch first."""

    layer: Any
    inputs: tuple[tuple[int | None, ...], ...]
    output: tuple[int | None, ...]


def count_flops(network: Any, image_shape: tuple[int, int, int]) -> int:
    """Count the operations of one picture's forward pass, two a multiply-add.

    Args:
        network: Takes pictures (N, H, W, C).
        image_shape: Of one picture, (H, W, C).
    """
    sized = _is_graph(network) and tuple(network.input_shape[1:]) == tuple(image_shape)
    uses = _walk(network) if sized else _watch(network, image_shape)
    return 2 * sum(_count_multiply_adds(use) for use in uses)


def _is_graph(layer: Any) -> bool:
    return isinstance(layer, keras.Sequential) or type(layer).__name__ == "Functional"


def _walk(network: Any) -> Iterator[_Use]:
    """List a graph's layers as often as they are used, those of graphs within it too."""
    graph = network._functional if isinstance(network, keras.Sequential) else network
    for node in chain.from_iterable(graph._nodes_by_depth.values()):
        if node.is_input:
            continue
        if _is_graph(node.operation):
            yield from _walk(node.operation)
        elif isinstance(node.operation, keras.layers.Layer):
            inputs = tuple(tuple(tensor.shape) for tensor in node.input_tensors)
            yield _Use(node.operation, inputs, tuple(node.outputs[0].shape))


def _watch(network: Any, image_shape: tuple[int, int, int]) -> list[_Use]:
    """List what the layers of a network that is no graph do in one forward pass of an empty picture."""
    picture = np.zeros((1, *image_shape), "float32")
    if not network.built:  # building runs every layer, too
        network(picture, training=False)
    uses: list[_Use] = []
    watched = list(_list_smallest(network))
    for layer in watched:
        layer.call = _note_use(layer, layer.call, uses)
    try:
        network(picture, training=False)
    finally:
        for layer in watched:
            del layer.call  # what its class defines shows again
    return uses


def _list_smallest(layer: Any) -> Iterator[Any]:
    """The layers that are counted as one: those without layers in them, and attention."""
    if isinstance(layer, keras.layers.MultiHeadAttention) or not layer._layers:
        yield layer
    else:
        for inner in layer._layers:
            yield from _list_smallest(inner)


def _note_use(layer: Any, call: Callable[..., Any], uses: list[_Use]) -> Callable[..., Any]:
    def noting(*arguments: Any, **named: Any) -> Any:
        given = call(*arguments, **named)
        tensors = [it for it in (*arguments, *named.values()) if hasattr(it, "shape")]
        inputs = tuple(tuple(tensor.shape) for tensor in tensors)
        first = given[0] if isinstance(given, list | tuple) else given
        uses.append(_Use(layer, inputs, tuple(first.shape)))
        return given

    return noting


def _count_multiply_adds(use: _Use) -> int:
    layer, inputs, output = use.layer, use.inputs, use.output
    if isinstance(layer, _PER_ELEMENT):
        return _size(output[1:])
    weights: int = sum(
        prod(weight.shape)
        for weight in layer.weights
        if len(weight.shape) > 1 and weight.name != "bias"
    )
    if not weights or isinstance(layer, keras.layers.Embedding):  # which looks up
        return 0
    if isinstance(layer, keras.layers.EinsumDense):
        return weights * _size(inputs[0][1:]) // _contracted(layer)
    placed = inputs[0] if isinstance(layer, _TRANSPOSED) else output
    first = getattr(layer, "data_format", None) == "channels_first"
    products: int = weights * _size(placed[2:] if first else placed[1:-1])
    if isinstance(layer, keras.layers.MultiHeadAttention):
        queries, values = _size(inputs[0][1:-1]), _size(inputs[min(1, len(inputs) - 1)][1:-1])
        products += queries * values * layer.num_heads * (layer.key_dim + layer.value_dim)
    return products


def _contracted(layer: Any) -> int:
    """The size of the axes over which an `EinsumDense` sums."""
    given, kernel = layer.equation.partition("->")[0].split(",")
    sizes = dict(zip(kernel, layer.kernel.shape, strict=True))
    contracted: int = prod(size for axis, size in sizes.items() if axis in given)
    return contracted


def _size(shape: tuple[int | None, ...]) -> int:
    return prod(side for side in shape if side is not None)
