"""How long a network takes for one picture alone, on the device it is trained on."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from imgcls_automl.training.architecture import describe_architecture

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UPS = 3  # the first compiles
CALLS = 100  # at most
SECONDS = 0.5  # at most, but for the fewest calls
FEWEST_CALLS = 10


class Latencies:
    """What was measured in this process, by architecture: all that time depends on beside the device."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}

    def measure(self, network: Any, image_shape: tuple[int, int, int]) -> float:
        """The median of many compiled forward passes of one picture (1, H, W, C), in milliseconds.

        From an array of the machine's to logits that are there again, as whoever asks for one prediction waits.
        """
        key = describe_architecture(network)
        if key is not None and key in self._known:
            return self._known[key]
        latency = round(_time_passes(network, image_shape), 4)
        if key is not None:
            self._known[key] = latency
        return latency


def _time_passes(network: Any, image_shape: tuple[int, int, int]) -> float:
    picture = np.zeros((1, *image_shape), "float32")
    network.jit_compile = keras.backend.backend() == "jax"  # as in training
    network.make_predict_function(force=True)

    def once() -> float:
        begun = time.perf_counter()
        network.predict_on_batch(picture)
        return time.perf_counter() - begun

    for _ in range(WARM_UPS):
        once()
    latency = 1000.0 * median(_repeat(once))
    network.predict_function = None  # compiled for a single picture, which nothing else needs
    return latency


def _repeat(once: Callable[[], float]) -> list[float]:
    seconds: list[float] = []
    while len(seconds) < FEWEST_CALLS or (len(seconds) < CALLS and sum(seconds) < SECONDS):
        seconds.append(once())
    return seconds
