"""Round marks for the axes of charts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark of an axis: where, in user units, and what it says."""

    at: float
    label: str


def choose_step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    magnitude = 10.0 ** math.floor(math.log10(rough))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough)


def fit_round(bottom: float, top: float, steps: int = 5) -> tuple[float, float, float]:
    """The round range that holds two values, and its step: (low, high, step)."""
    step = choose_step(max(top - bottom, 0.01) / steps)
    first, last = math.floor(bottom / step), math.ceil(top / step)
    if first == last:  # all values are the same one, and a tick
        first, last = max(0, first - 1), max(1, last)
    return first * step, last * step, step


def mark_values(
    low: float, high: float, step: float, place: Callable[[float], float]
) -> list[Tick]:
    """Marks from `low` to `high`, with as many decimals as the step needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    count = round((high - low) / step)
    values = [low + index * step for index in range(count + 1)]
    return [Tick(at=place(value), label=f"{value:.{decimals}f}") for value in values]


def mark_decades(low: float, high: float, place: Callable[[float], float]) -> list[Tick]:
    """Marks of a logarithmic axis: 1, 2 and 5 times powers of ten between two positive values."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    inside = [value for value in values if low * 0.999 <= value <= high * 1.001]
    return [Tick(at=place(value), label=shorten_number(value)) for value in inside]


def shorten_number(value: float) -> str:
    """`"0.5"`, `"20"`, `"50k"`, `"2M"`."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
