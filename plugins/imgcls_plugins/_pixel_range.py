"""Numbers of any kind brought to pixels of 8 or 16 bits, the same way for a whole source."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError, PluginError
from imgcls_plugins._wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from imgcls_plugins._array_labels import NamedArray

logger = logging.getLogger(__name__)

_SLACK = 1e-3  # beyond 0 and 1, from resizing or rounding
_UNCLEAR = 64  # floats up to here, above 1, are hardly meant as 0-255


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelRange:
    """How values become pixels.

    Attributes:
        factor: What each value is multiplied by.
        wide: Whether the pixels take 16 bits rather than 8.
    """

    factor: float = 1.0
    wide: bool = False

    def to_pixels(self, values: np.ndarray) -> np.ndarray:
        """Give uint8 or uint16 of the same shape; larger values than white become white."""
        import numpy as np

        if values.dtype == np.uint8 and self.factor == 1:
            return values
        if values.dtype == bool:
            return values.astype(np.uint8) * np.uint8(255)
        brightest = 65_535 if self.wide else 255
        scaled = (values.astype(np.float32) * np.float32(self.factor)).clip(0, brightest)
        pixels: np.ndarray = scaled.round().astype(np.uint16 if self.wide else np.uint8)
        return pixels


def needs_measuring(array: NamedArray) -> bool:
    """Whether it takes a look at all values to tell their range: not for bytes and booleans."""
    return array.dtype.kind not in "b" and array.dtype.str != "|u1"


def measure(array: NamedArray, blocks: Iterable[np.ndarray]) -> float:
    """The largest value of an array.

    Raises:
        DatasetError: Names the first value below zero, or that is no number.
    """
    import numpy as np

    highest, start = 0.0, 0
    for block in blocks:
        wrong = ~(block >= -_SLACK) | (block == np.inf)
        if wrong.any():
            place = np.argwhere(wrong)[0]
            value = block[tuple(place)]
            index = ", ".join(str(number) for number in (start + place[0], *place[1:]))
            raise DatasetError(
                f"{array.describe()}[{index}] is {value}, which is no pixel.\n"
                "Pixels are 0-255 or, as floats, 0-1: undo a normalisation before saving them."
            )
        highest = max(highest, float(block.max()))
        start += len(block)
    return highest


def choose_range(
    arrays: Sequence[NamedArray], highest: Sequence[float], white: float | None
) -> PixelRange:
    """Tell the range of a source's values from its largest ones.

    Args:
        arrays: Those of which `needs_measuring` is true; none for bytes.
        highest: The largest value of each.
        white: The value of white, where the user has said it.

    Raises:
        DatasetError: It is none of 0-1 (floats), 0-255 and 0-65535 (whole numbers), or differs
            between arrays.
    """
    if white is not None:
        return PixelRange(factor=255 / white)
    if not arrays:
        return PixelRange()
    top, brightest = max(zip(highest, arrays, strict=True), key=lambda pair: pair[0])
    floats = [(high, it) for high, it in zip(highest, arrays, strict=True) if it.dtype.kind == "f"]
    if not floats:
        return _choose_whole(brightest, top)
    dimmest, dim = min(floats, key=lambda pair: pair[0])
    if top > 1 + _SLACK >= dimmest and len(arrays) > 1:
        raise DatasetError(
            f"{brightest.describe()} goes up to {top:g}, but {dim.name} only to {dimmest:g}: one "
            "seems to be 0-255, the other 0-1.\nBring both to one range, or say the value of white: "
            "--data-option white=255"
        )
    return _choose_float(brightest, top)


def parse_white(text: str) -> float:
    """Read the option `white`: a number above zero. Raises PluginError."""
    try:
        white = float(text)
    except ValueError:
        white = math.nan
    if not 0 < white < math.inf:
        raise PluginError(
            f"--data-option white must be a number above zero (white=16), but got {quoted(text)}."
        )
    return white


def _choose_whole(array: NamedArray, top: float) -> PixelRange:
    if top > 65_535:
        raise _describe_too_bright(array, top)
    return PixelRange(wide=top > 255)


def _choose_float(array: NamedArray, top: float) -> PixelRange:
    if top > 255:
        raise _describe_too_bright(array, top)
    if 1 + _SLACK < top < _UNCLEAR:
        raise DatasetError(
            f"{array.describe()} holds {array.dtype} up to {top:g}, neither 0-1 nor 0-255.\n"
            "Say the value of white: --data-option white=16, or 255 where the pictures are so dark."
        )
    logger.warning(
        "%s holds %s up to %g: read as %s.",
        *(array.describe(), array.dtype, top, "0-1" if top < _UNCLEAR else "0-255"),
    )
    return PixelRange(factor=255.0 if top < _UNCLEAR else 1.0)


def _describe_too_bright(array: NamedArray, top: float) -> DatasetError:
    return DatasetError(
        f"{array.describe()} holds {array.dtype} up to {top:g}, which are no pixels.\n"
        "Pixels are whole numbers 0-255 or 0-65535, or floats 0-1 or 0-255; or say the value of "
        "white: --data-option white=N"
    )
