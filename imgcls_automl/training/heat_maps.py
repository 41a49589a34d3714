"""Where a saved model looked: Grad-CAM, on any backend, by forward passes alone.

Grad-CAM (Selvaraju et al., 2017, arXiv:1610.02391) weighs the channels of a late feature map by the mean gradient of
a class's logit over their positions. That mean is one derivative a channel, in the direction that raises the whole
channel, and a difference quotient gives it: no backend has to be named for its gradients.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

logger = logging.getLogger(__name__)

FINE_SIDE = 5  # cells: a coarser map says little of where
_STEP = 0.02  # of the map's standard deviation
MAX_SECONDS = 20.0  # after which no further picture is begun
_MAX_FLOATS = 1 << 22  # of raised maps in one pass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatMaps:
    """What was found.

    Attributes:
        layer: The name of the layer whose map was weighed.
        maps: Of the first pictures, as many as there was time for: float32 (M, h, w) in [0, 1], each one's own maximum
            1; all zero where nothing spoke for the class.
    """

    layer: str
    maps: np.ndarray


def compute_heat_maps(
    model: Any,
    pixels: np.ndarray,
    classes: Sequence[int],
    *,
    on_pass: Callable[[], None] = lambda: None,
) -> HeatMaps | None:
    """Show what speaks for a class in each picture; None where the network has no map that all goes through.

    Args:
        model: As `save_pixel_model` gives it; of its two views, where it has two, the one that is not mirrored.
        pixels: uint8 (N, H, W, C).
        classes: The class whose logit is asked for, N of them.
        on_pass: Called after each forward pass.
    """
    network = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    parts = _cut(network)
    if parts is None:
        return None
    layer, trunk, head = parts
    features = np.asarray(trunk.predict_on_batch(pixels.astype("float32") / 255.0), "float32")
    begun = time.monotonic()
    maps: list[np.ndarray] = []
    for it, index in zip(features, classes, strict=True):
        if maps and time.monotonic() - begun > MAX_SECONDS:
            logger.info("There was time for %d of %d heat maps.", len(maps), len(features))
            break
        maps.append(_weigh(head, it, index, on_pass))
    return HeatMaps(layer=layer, maps=np.stack(maps))


def _cut(network: Any) -> tuple[str, Any, Any] | None:
    """A network in two at its latest map that is fine enough, or else at the finest there is: name, trunk, head.

    Maps of activations, which are not negative, come before raw sums, whose own offset would pass for heat.
    """
    if not isinstance(network, keras.Sequential | keras.src.models.Functional):
        return None
    found = list(_list_maps(network))[::-1]
    if not found:
        return None
    sample = np.random.default_rng(0).random((1, *network.inputs[0].shape[1:]), "float32")
    everything = keras.Model(network.inputs[0], [output for _, output in found])
    values = [np.asarray(it) for it in everything.predict_on_batch(sample)]
    lowest = {layer.name: float(it.min()) for (layer, _), it in zip(found, values, strict=True)}
    for layer, output in sorted(found, key=lambda it: (-_rate(it), lowest[it[0].name] < 0)):
        try:
            head = keras.Model(output, network.outputs[0])
        except ValueError:  # a shortcut goes around it
            continue
        return layer.name, keras.Model(network.inputs[0], output), head
    return None


def _list_maps(network: Any) -> Iterator[tuple[Any, Any]]:
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer) or len(layer._inbound_nodes) > 1:
            continue
        output = layer.output
        if isinstance(output, keras.KerasTensor) and len(output.shape) == 4 and _side(output) > 1:
            yield layer, output


def _rate(found: tuple[Any, Any]) -> int:
    return min(_side(found[1]), FINE_SIDE)


def _side(output: Any) -> int:
    return int(min(output.shape[1:3]))


def _weigh(head: Any, features: np.ndarray, index: int, on_pass: Callable[[], None]) -> np.ndarray:
    """Grad-CAM of one map float32 (h, w, c): float32 (h, w)."""
    height, width, channels = features.shape
    step = _STEP * max(float(features.std()), 1e-6)
    size = max(1, min(channels, _MAX_FLOATS // features.size))
    logits = np.empty(0, "float64")
    for start in range(0, channels, size):
        raised = np.tile(features, (size, 1, 1, 1))
        # The last pass is filled up with channels that come again: another size would compile anew.
        for row in range(size):
            raised[row, :, :, (start + row) % channels] += step
        logits = np.append(logits, np.asarray(head.predict_on_batch(raised))[:, index])
        on_pass()
    unraised = np.asarray(head.predict_on_batch(np.tile(features, (size, 1, 1, 1))))[0, index]
    weights = (logits[:channels] - unraised) / (step * height * width)
    heat = np.maximum(features @ weights, 0.0)
    return np.asarray(heat / max(float(heat.max()), 1e-12), "float32")
