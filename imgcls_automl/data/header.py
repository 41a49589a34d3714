"""Opening one encoded picture safely, and what its header tells before anything is decoded."""

from __future__ import annotations

import stat
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.errors import UnreadableImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    Picture = Path | bytes | np.ndarray

# Named one by one because some other formats run programs (EPS starts Ghostscript). Pillow's JPEG
# reader opens MPO files, the JPEGs of stereo cameras, too.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
MAX_PIXELS = 200_000_000
ORIENTATION = 0x0112  # the EXIF tag

_GREY_MODES = ("1", "L", "LA", "La", "I")
_open_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What is known of a picture before it is decoded.

    Attributes:
        height: Pixels, once upright.
        width: Pixels, once upright.
        channels: 1 for a grey picture, 3 for one in colour.
        mode: Pillow's mode, or `"uint16 (H, W, 3)"` for an array.
        conversions: What decoding will change, out of `CONVERSIONS`.
    """

    height: int
    width: int
    channels: int
    mode: str
    conversions: tuple[str, ...] = ()


CONVERSIONS = ("exif_rotated", "alpha_on_white", "16_bit", "cmyk", "palette", "animated")


def read_header(picture: Picture) -> Header:
    """Look at a picture without decoding it.

    Raises:
        UnreadableImageError: It is missing, of no known format, too large or without a fixed range.
    """
    if isinstance(picture, np.ndarray):
        return _describe_array(picture.shape, picture.dtype.str)
    with unreadable_if_it_fails(), open_picture(picture) as image:
        rotated = orientation_of(image) >= 5
        return Header(
            height=image.width if rotated else image.height,
            width=image.height if rotated else image.width,
            channels=1 if image.mode in _GREY_MODES or is_16_bit(image) else 3,
            mode=image.mode,
            conversions=_conversions_of(image),
        )


@contextmanager
def open_picture(picture: Path | bytes) -> Iterator[Image.Image]:
    """Open an encoded picture in one of `FORMATS`; its pixels are not read yet.

    Raises:
        UnreadableImageError: It is no file, empty, over 200 megapixels or of floating point.
        Exception: Whatever Pillow raises on damaged files.
    """
    if _count_bytes(picture) == 0:
        raise UnreadableImageError("the file is empty")
    with _open_without_pixel_limit(picture) as image:
        if image.width * image.height > MAX_PIXELS:
            megapixels = image.width * image.height / 1e6
            raise UnreadableImageError(
                f"{image.width}x{image.height} pixels are {megapixels:.0f} megapixels; "
                f"at most {MAX_PIXELS / 1e6:.0f} are decoded"
            )
        if image.mode == "F":
            raise UnreadableImageError(
                "floating-point pixels have no known range; save it with 8 or 16 bits"
            )
        yield image


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation that is still to be applied, 1 (upright) to 8."""
    return 1 if image.format == "TIFF" else _stated_orientation(image)  # Pillow turns TIFF itself


def _stated_orientation(image: Image.Image) -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # getexif() would decode the whole picture to look behind its pixels
    value = image.getexif().get(ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def is_16_bit(image: Image.Image) -> bool:
    return image.mode.startswith("I;16")


@contextmanager
def unreadable_if_it_fails() -> Iterator[None]:
    """Turn whatever decoding raises into an `UnreadableImageError` that says why in one line.

    Damaged and hostile files make Pillow raise OSError, ValueError, SyntaxError, IndexError,
    struct.error and more, so nothing narrower than Exception will do.
    """
    try:
        yield
    except UnreadableImageError:
        raise
    except Exception as error:
        raise UnreadableImageError(_reason(error)) from error


def _count_bytes(picture: Path | bytes) -> int:
    if isinstance(picture, bytes):
        return len(picture)
    state = picture.stat()
    if not stat.S_ISREG(state.st_mode):  # opening a named pipe would block for ever
        raise UnreadableImageError("not a file")
    return state.st_size


def _open_without_pixel_limit(picture: Path | bytes) -> Image.Image:
    """Pillow warns at 89 megapixels and refuses at 179; here only our own limit counts."""
    from PIL import Image

    file = BytesIO(picture) if isinstance(picture, bytes) else picture
    with _open_lock:  # the limit is a global of Pillow's
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file, formats=FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _conversions_of(image: Image.Image) -> tuple[str, ...]:
    found = {
        "exif_rotated": _stated_orientation(image) != 1,
        "alpha_on_white": image.has_transparency_data,
        "16_bit": is_16_bit(image) or image.mode == "I",
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


def _reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return f"no picture in a known format ({', '.join(FORMATS)}), or its beginning is damaged"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be opened: {error.strerror}"
    text = " ".join(str(error).split())[:200]
    if type(error) in (OSError, ValueError, SyntaxError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
