"""What the values of a Python caller's arrays stand for: the same in a prediction as in the training before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.data.kept_arrays import white_of
from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

_SLACK = 1e-3  # beyond white, from resizing or rounding
_DIM = 64  # floats up to here, above 1, are hardly meant as 0-255
_BYTE, _WORD = 255, 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedValues:
    """What the values of a run's arrays stood for in training.

    Attributes:
        white: The value of white; None where the run was trained on no arrays, or on such whose kind alone tells.
        said: Whether the user has said it (`data_option={"white": "16"}`): it then holds for whole numbers, too.
    """

    white: float | None = None
    said: bool = False


def measure_white(images: np.ndarray) -> int | None:
    """What white is in arrays of floats as a search reads them, 1 or 255; None where their kind alone tells."""
    if images.dtype.kind != "f" or not images.size:
        return None
    top = float(images.max())
    if top <= 1 + _SLACK:
        return 1
    return _BYTE if _DIM <= top <= _BYTE else None  # the search refuses it, or has been told


def read_trained_values(config: Mapping[str, Any]) -> TrainedValues:
    """Find what a run's record tells of the arrays it was trained on; `config` is its resolved configuration."""
    try:
        said = float((config.get("data_option") or {})["white"])
    except (KeyError, TypeError, ValueError, AttributeError):  # another adapter's option, or none
        said = math.nan
    if 0 < said < math.inf:
        return TrainedValues(white=said, said=True)
    sources = config.get("data") or ()
    listed = [sources] if isinstance(sources, str) else sources
    whites = {white_of(Path(str(it))) for it in listed}
    return TrainedValues(white=whites.pop() if len(whites) == 1 else None)


def to_pixels(arrays: Mapping[int, np.ndarray], trained: TrainedValues) -> dict[int, np.ndarray]:
    """Bring pictures to uint8 or uint16 pixels by the rules that a search reads arrays by, shapes kept.

    Args:
        arrays: (H, W) or (H, W, C), by the pictures' numbers. Those of one kind are judged together.
        trained: What the values stood for in training.

    Raises:
        ConfigError: A value is no pixel, or the range is unclear or another than that of training.
    """
    tops: dict[np.dtype[Any], float] = {}
    for number, array in arrays.items():
        tops[array.dtype] = max(tops.get(array.dtype, 0.0), _measure(array, number))
    whites = {kind: _choose_white(kind, top, trained) for kind, top in tops.items()}
    return {number: _scale(array, whites[array.dtype]) for number, array in arrays.items()}


def _measure(array: np.ndarray, number: int) -> float:
    """The largest value; 0 where there is none. Raises ConfigError."""
    if array.dtype.kind in "bu" or not array.size:
        return float(array.max()) if array.size else 0.0
    lowest, top = float(array.min()), float(array.max())
    if not (lowest >= -_SLACK and top < math.inf):  # NaN is not, either
        wrong = lowest if not lowest >= -_SLACK else top
        raise ConfigError(
            f"Picture {number} holds {wrong:g}, which is no pixel.\n"
            "Give uint8 pixels 0-255, or floats 0-1: undo a normalisation before."
        )
    return top


def _choose_white(kind: np.dtype[Any], top: float, trained: TrainedValues) -> float:
    white = trained.white
    if kind.kind == "b":
        return 1
    if kind.kind == "f":
        return _choose_white_of_floats(kind, top, white)
    is_byte = kind.str == "|u1"
    # Bytes that are brighter than the white of training are ordinary pictures.
    if trained.said and white is not None and not (is_byte and (top > white or white > _BYTE)):
        return white
    if kind.str[1:] == "u2":
        return _WORD
    if top > _BYTE:
        raise _refuse(kind, top, "more than the 255 of bytes")
    return _BYTE


def _choose_white_of_floats(kind: np.dtype[Any], top: float, white: float | None) -> float:
    if white is None:
        if top <= 1 + _SLACK:
            return 1
        if _DIM <= top <= _BYTE:
            return _BYTE
        raise _refuse(kind, top, "neither 0-1 nor 0-255")
    if top > white + _SLACK:
        raise _refuse(kind, top, f"but in training white was {white:g}")
    if 0 < top <= 1 + _SLACK < white:
        raise _refuse(kind, top, f"which looks like 0-1, but in training white was {white:g}")
    return white


def _refuse(kind: np.dtype[Any], top: float, why: str) -> ConfigError:
    return ConfigError(
        f"The pictures hold {kind} up to {top:g}, {why}.\n"
        "Bring them to that range, or give uint8 pixels 0-255."
    )


def _scale(array: np.ndarray, white: float) -> np.ndarray:
    import numpy as np

    if array.dtype == np.uint16 and white == _WORD:
        return array
    if array.dtype == np.uint8 and white == _BYTE:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(_BYTE)
    wide = white == _WORD and array.dtype.kind != "f"
    factor, brightest = (1.0, _WORD) if wide else (_BYTE / white, _BYTE)
    scaled = (array.astype(np.float32) * np.float32(factor)).clip(0, brightest)
    pixels: np.ndarray = scaled.round().astype(np.uint16 if wide else np.uint8)
    return pixels
