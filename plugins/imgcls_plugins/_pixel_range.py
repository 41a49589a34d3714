"""Numbers of any kind brought to pixels of 8 or 16 bits, the same way for arrays of a kind."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError, PluginError
from imgcls_plugins._wording import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np

    from imgcls_plugins._array_labels import NamedArray

    Measured = tuple[float, NamedArray]  # an array and its largest value

logger = logging.getLogger(__name__)

_SLACK = 1e-3  # beyond 0 and 1, from resizing or rounding
_UNCLEAR = 64  # floats up to here, above 1, are hardly meant as 0-255
_UNCLEAR_WIDE = 16_384  # uint16 below may be bytes, or of 10, 12 or 14 bits


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


def choose_ranges(
    arrays: Sequence[NamedArray], highest: Sequence[float], white: float | None
) -> list[PixelRange]:
    """Tell the range of each of a source's arrays; those of one kind of numbers share theirs.

    It follows from the kind alone, so that the sources of one search cannot differ unnoticed: bytes
    and other whole numbers are 0-255, uint16 are 0-65535. Floats are 0-1 or 0-255, told by the
    largest.

    Args:
        arrays: All of the pictures.
        highest: The largest value of each; of no matter for arrays that need no measuring.
        white: The value of white, where the user has said it; it counts for all arrays.

    Raises:
        DatasetError: Values are of none of these ranges, floats of two; or uint16 use so little of
            theirs that they may be of fewer bits.
    """
    if white is not None:
        return [PixelRange(factor=255 / white)] * len(arrays)
    kinds: dict[str, list[tuple[float, NamedArray]]] = {}
    for top, array in zip(highest, arrays, strict=True):
        kinds.setdefault(_kind_of(array), []).append((top, array))
    ranges = {kind: _CHOICES[kind](measured) for kind, measured in kinds.items()}
    return [ranges[_kind_of(array)] for array in arrays]


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


def _kind_of(array: NamedArray) -> str:
    if not needs_measuring(array):
        return "bytes"
    if array.dtype.kind == "f":
        return "floats"
    return "uint16" if array.dtype.str[1:] == "u2" else "whole"


def _choose_bytes(measured: Sequence[Measured]) -> PixelRange:
    return PixelRange()


def _choose_whole(measured: Sequence[Measured]) -> PixelRange:
    top, array = _brightest(measured)
    if top > 255:
        raise DatasetError(
            f"{array.describe()} holds {array.dtype} up to {top:g}, more than the 255 of bytes.\n"
            f"Say the value of white: --data-option white={_guess_white(top)}, or another."
        )
    return PixelRange()


def _choose_uint16(measured: Sequence[Measured]) -> PixelRange:
    top, array = _brightest(measured)
    if top < _UNCLEAR_WIDE:
        raise DatasetError(
            f"{array.describe()} holds uint16 up to {top:g}, which would be dark pictures.\n"
            f"Say the value of white: --data-option white={_guess_white(top)}, or white=65535 where "
            "they are so dark."
        )
    return PixelRange(wide=True)


def _guess_white(top: float) -> int:
    """The largest number of as many bits, 8 at least: 4095 for what cameras of 12 bits give."""
    return int((1 << max(8, int(top).bit_length())) - 1)


def _choose_float(measured: Sequence[Measured]) -> PixelRange:
    top, array = _brightest(measured)
    dimmest, dim = min(measured, key=lambda pair: pair[0])
    if top > 1 + _SLACK >= dimmest and len(measured) > 1:
        raise DatasetError(
            f"{array.describe()} goes up to {top:g}, but {dim.name} only to {dimmest:g}: one "
            "seems to be 0-255, the other 0-1.\nBring both to one range, or say the value of white: "
            "--data-option white=255"
        )
    if top > 255:
        raise DatasetError(
            f"{array.describe()} holds {array.dtype} up to {top:g}, which are no pixels.\n"
            "Pixels are floats 0-1 or 0-255, bytes, or uint16 0-65535; or say the value of white: "
            "--data-option white=N"
        )
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


def _brightest(measured: Sequence[Measured]) -> Measured:
    return max(measured, key=lambda pair: pair[0])


_CHOICES: dict[str, Callable[[Sequence[Measured]], PixelRange]] = {
    "bytes": _choose_bytes,
    "whole": _choose_whole,
    "uint16": _choose_uint16,
    "floats": _choose_float,
}
