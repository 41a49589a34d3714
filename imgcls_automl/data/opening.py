"""Opening one encoded picture safely, and saying in one line why another cannot be."""

from __future__ import annotations

import stat
import threading
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from imgcls_automl.data.signatures import recognise
from imgcls_automl.errors import UnreadableImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PIL import Image

# Named one by one because some other formats run programs (EPS starts Ghostscript). Pillow's JPEG
# reader opens MPO files, the JPEGs of stereo cameras, too.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")
SUFFIXES = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **{f".{name.lower()}": name for name in ("PNG", "BMP", "GIF", "WEBP")},
}

_HEAD_BYTES = 512  # of what is no picture, looked at to say what it is
_limit_lock = threading.Lock()
# Pillow's own limit, once for each thread that is opening a picture.
_limits_lifted: list[int | None] = []


@contextmanager
def open_picture(picture: Path | bytes, max_pixels: int) -> Iterator[Image.Image]:
    """Open an encoded picture in one of `FORMATS`; its pixels are not read yet.

    Raises:
        UnreadableImageError: It is no file, empty, no picture, too large or of floating point.
        Exception: Whatever Pillow raises on damaged files.
    """
    if _count_bytes(picture) == 0:
        raise UnreadableImageError("the file is empty")
    with _open_without_pixel_limit(picture) as image:
        refuse_large(image.width, image.height, max_pixels)
        if image.mode == "F":
            raise UnreadableImageError(
                "floating-point pixels have no known range; save it with 8 or 16 bits"
            )
        yield image


def refuse_large(width: int, height: int, max_pixels: int) -> None:
    """Raise UnreadableImageError for a picture of more than `max_pixels`."""
    if width * height > max_pixels:
        raise UnreadableImageError(
            f"{width}x{height} are {_mega(width * height)} megapixels, "
            f"and at most {_mega(max_pixels)} are decoded (--max-pixels)"
        )


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


def _read_head(picture: Path | bytes) -> bytes:
    if isinstance(picture, bytes):
        return picture[:_HEAD_BYTES]
    with picture.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _open_without_pixel_limit(picture: Path | bytes) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    file = BytesIO(picture) if isinstance(picture, bytes) else picture
    with _pixel_limit_lifted():
        try:
            return Image.open(file, formats=FORMATS)
        except UnidentifiedImageError as error:
            raise UnreadableImageError(_describe_unknown(_read_head(picture))) from error


@contextmanager
def _pixel_limit_lifted() -> Iterator[None]:
    """Pillow warns at 89 megapixels and refuses at 179; here only our own limit counts.

    Its limit is a global: the first thread that opens a picture lifts it, and the last puts it back.
    """
    from PIL import Image

    with _limit_lock:
        before = _limits_lifted[0] if _limits_lifted else Image.MAX_IMAGE_PIXELS
        _limits_lifted.append(before)
        Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        with _limit_lock:
            Image.MAX_IMAGE_PIXELS = _limits_lifted.pop()
            if _limits_lifted:
                Image.MAX_IMAGE_PIXELS = None


def _describe_unknown(head: bytes) -> str:
    known = recognise(head)
    if known is not None:
        return f"{known}, which is not read; {', '.join(FORMATS)} are"
    return f"no picture in a known format ({', '.join(FORMATS)}), or its beginning is damaged"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be opened: {error.strerror}"
    text = " ".join(str(error).split())[:200]
    if type(error) in (OSError, ValueError, SyntaxError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _mega(pixels: int) -> str:
    return f"{pixels / 1e6:,.0f}" if pixels >= 1e7 else f"{pixels / 1e6:,.3g}"
