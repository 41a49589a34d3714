"""The shape that all pictures of a set are brought to, and a summary of the shapes they came in."""

from __future__ import annotations

from collections import Counter
from statistics import median, median_low
from typing import TYPE_CHECKING, Any

from imgcls_automl.data.dataset import MIN_SIDE
from imgcls_automl.data.header import CONVERSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.data.header import Header

SMALLEST_SQUARE = 32
LARGEST_SIDE = 128


def choose_shape(
    headers: Sequence[Header], image_size: tuple[int, int] | None
) -> tuple[int, int, int]:
    """Choose the (height, width, channels) of a set from the headers of all its pictures.

    Pictures of one size up to 128 keep it (but get at least 8 a side). Any others become squares
    of the median short side, clamped to 32..128. `image_size` (height, width) overrules both. One
    channel only where every picture is grey.
    """
    channels = max(header.channels for header in headers)
    height, width = image_size or _choose_size(headers)
    return height, width, channels


def _choose_size(headers: Sequence[Header]) -> tuple[int, int]:
    sizes = {(header.height, header.width) for header in headers}
    if len(sizes) == 1:
        height, width = sizes.pop()
        if max(height, width) <= LARGEST_SIDE:
            return max(height, MIN_SIDE), max(width, MIN_SIDE)
    short = round(median(min(header.height, header.width) for header in headers))
    side = min(max(short, SMALLEST_SQUARE), LARGEST_SIDE)
    return side, side


def summarise_headers(headers: Sequence[Header]) -> dict[str, Any]:
    """What the pictures were before decoding, as JSON: sizes in pixels, modes and conversions."""
    heights = [header.height for header in headers]
    widths = [header.width for header in headers]
    converted = Counter(name for header in headers for name in header.conversions)
    return {
        "sizes": {
            "distinct": len(set(zip(heights, widths, strict=True))),
            "height": {"min": min(heights), "median": median_low(heights), "max": max(heights)},
            "width": {"min": min(widths), "median": median_low(widths), "max": max(widths)},
        },
        "modes": dict(Counter(header.mode for header in headers).most_common()),
        "converted": {name: converted[name] for name in CONVERSIONS},
    }
