"""How much arithmetic a training is, and how much its device can do."""

from __future__ import annotations

import math
import time
from typing import Any

# Forward, and backward by inputs and by weights; a multiply-add is two operations.
OPERATIONS_PER_MULTIPLY_ADD = 2 * 3


def count_multiply_adds(network: Any) -> int:
    """Multiply-adds of one picture's forward pass: those of convolutions and dense layers.

    Raises:
        TypeError: Another layer has a kernel; it would be counted as nothing.
    """
    import keras

    total = 0
    for layer in network._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Conv2D):
            # Each output value takes one multiply-add for every kernel value of its filter.
            positions = math.prod(layer.output.shape[1:3])
            total += positions * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Dense):
            total += math.prod(layer.kernel.shape)
        elif hasattr(layer, "kernel"):
            raise TypeError(f"The arithmetic of {type(layer).__name__} is not known.")
    return total


def measure_peak(*, side: int, dtype: str, seconds: float = 2.0) -> float:
    """Operations a second of a square matrix product, the most that a device is seen to do.

    Args:
        side: Of the matrices.
        dtype: `"float32"` or `"bfloat16"`.
        seconds: To measure for; the best of many products counts.
    """
    import keras
    import numpy as np
    from keras import ops

    matrix = ops.cast(np.full((side, side), 1.0 / side, "float32"), dtype)
    best, until = math.inf, time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        product = matrix
        for _ in range(8):  # a chain, so that one look at the result waits for all
            product = ops.matmul(product, matrix)
        keras.ops.convert_to_numpy(product[0, 0])
        best = min(best, (time.perf_counter() - start) / 8)
    return 2.0 * side**3 / best
