"""Histograms, laid out for an inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.data.sights import Histogram

WIDTH, HEIGHT = 320, 130  # user units; the page scales them
TOP, BOTTOM = 6, 22
_GAP = 1.0  # between bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar in user units; `title` is shown by browsers under the pointer."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """What the template draws: bars over an axis from `low` to `high`, which are texts."""

    name: str
    bars: tuple[Bar, ...]
    low: str
    high: str
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = HEIGHT - BOTTOM


def draw_bars(name: str, histogram: Histogram) -> BarChart:
    """Lay out a histogram; `name` is what its values are, with the unit."""
    steps, most = len(histogram.counts), max(1, *histogram.counts)
    wide = WIDTH / steps
    room = HEIGHT - BOTTOM - TOP
    step = (histogram.high - histogram.low) / steps
    bars = []
    for number, count in enumerate(histogram.counts):
        if not count:
            continue
        tall = max(1.0, room * count / most)
        start = histogram.low + number * step
        bars.append(
            Bar(
                x=number * wide,
                y=HEIGHT - BOTTOM - tall,
                width=wide - _GAP,
                height=tall,
                title=f"{start:,.0f} to {start + step:,.0f}: {count:,}",
            )
        )
    return BarChart(
        name=name, bars=tuple(bars), low=f"{histogram.low:,.0f}", high=f"{histogram.high:,.0f}"
    )
