"""What is known of a picture before it is decoded: size, channels, and what decoding will change."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.dataset import MAX_PIXELS
from imgcls_automl.data.opening import SUFFIXES, open_picture, refuse_large, unreadable_if_it_fails
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from PIL import Image

    Picture = Path | bytes | np.ndarray

logger = logging.getLogger(__name__)

ORIENTATION = 0x0112  # the EXIF tag
_GREY_MODES = ("1", "L", "LA", "La", "I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of a picture before it is decoded.

    Attributes:
        height: Pixels, once upright.
        width: Pixels, once upright.
        channels: 1 for a grey picture, 3 for one in colour.
        mode: Pillow's mode, or `"uint16 (H, W, 3)"` for an array.
        conversions: What decoding will change, out of `CONVERSIONS`.
        disguise: What is wrong with the file's name, whose suffix is another format's or none of a
            picture; None where nothing is.
    """

    height: int
    width: int
    channels: int
    mode: str
    conversions: tuple[str, ...] = ()
    disguise: str | None = None


CONVERSIONS = ("exif_rotated", "alpha_on_white", "16_bit", "cmyk", "palette", "animated")


def read_header(picture: Picture, *, max_pixels: int = MAX_PIXELS) -> Header:
    """Look at a picture without decoding it; one of more than `max_pixels` is refused.

    Raises:
        UnreadableImageError: It is missing, of no known format, too large or without a fixed range.
    """
    if isinstance(picture, np.ndarray):
        refuse_large(picture.shape[1], picture.shape[0], max_pixels)
        return _describe_array(picture.shape, picture.dtype.str)
    with unreadable_if_it_fails(), open_picture(picture, max_pixels) as image:
        stated = _stated_orientation(image)
        rotated = _orientation_left(image, stated) >= 5
        return Header(
            height=image.width if rotated else image.height,
            width=image.height if rotated else image.width,
            channels=1 if _is_grey(image) else 3,
            mode=image.mode,
            conversions=_conversions_of(image, stated),
            disguise=_disguise_of(picture, image) if isinstance(picture, Path) else None,
        )


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation that is still to be applied, 1 (upright) to 8."""
    return _orientation_left(image, _stated_orientation(image))


def _orientation_left(image: Image.Image, stated: int) -> int:
    return 1 if image.format == "TIFF" else stated  # Pillow turns TIFF itself


def _stated_orientation(image: Image.Image) -> int:
    from PIL import Image

    try:
        # Not PNG's own getexif(): it would decode the whole picture to look behind its pixels.
        value = Image.Image.getexif(image).get(ORIENTATION, 1)
    except Exception as error:  # whatever the parser meets in metadata that is no metadata
        logger.debug("Damaged EXIF data; the picture is taken as it lies: %s", error)
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def is_16_bit(image: Image.Image) -> bool:
    return image.mode.startswith("I;16")


def _is_grey(image: Image.Image) -> bool:
    # Pillow has no mode for 16 bits and alpha, and makes such a picture colour.
    if image.mode in _GREY_MODES or is_16_bit(image) or _stored_as(image) == "LA;16B":
        return True
    return image.mode == "P" and _has_grey_palette(image)


def _has_grey_palette(image: Image.Image) -> bool:
    from PIL import Image

    if image.palette is None:
        return False
    swatch = Image.new("P", (1, 1))  # image.getpalette() would decode the picture
    swatch.putpalette(image.palette)
    colours = np.array(swatch.getpalette("RGB")).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _stored_as(image: Image.Image) -> str:
    """How the pixels lie in the file, before they are decoded: `"RGB;16B"`; empty where unknown."""
    tiles = getattr(image, "tile", ())
    options = tiles[0].args if tiles else ""
    first = options[0] if isinstance(options, tuple) and options else options
    return first if isinstance(first, str) else ""


def _disguise_of(path: Path, image: Image.Image) -> str | None:
    found = "JPEG" if image.format == "MPO" else image.format
    if SUFFIXES.get(path.suffix.lower()) == found:
        return None
    named = f"named {plain(path.suffix)}" if path.suffix else "named without a suffix"
    return f"{named}, but it is a {found} file, and was read as one"


def _conversions_of(image: Image.Image, orientation: int) -> tuple[str, ...]:
    found = {
        "exif_rotated": orientation != 1,
        "alpha_on_white": image.has_transparency_data,
        "16_bit": is_16_bit(image) or image.mode == "I" or ";16" in _stored_as(image),
        "cmyk": image.mode == "CMYK",
        "palette": image.mode in ("P", "PA"),
        # The further pictures of an MPO file are other views, not an animation.
        "animated": image.format != "MPO" and getattr(image, "is_animated", False),
    }
    return tuple(name for name in CONVERSIONS if found[name])


@lru_cache(maxsize=1024)
def _describe_array(shape: tuple[int, ...], dtype: str) -> Header:
    channels = shape[2] if len(shape) == 3 else 1
    found = {"alpha_on_white": channels == 4, "16_bit": dtype[1:] == "u2"}
    return Header(
        height=shape[0],
        width=shape[1],
        channels=1 if channels == 1 else 3,
        mode=f"{np.dtype(dtype).name} array of {channels} channel{'s' if channels > 1 else ''}",
        conversions=tuple(name for name in CONVERSIONS if found.get(name)),
    )
