"""What format a picture has by its first bytes, where its name does not say."""

from __future__ import annotations

import os

_HEAD_BYTES = 32
_STARTS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    *((start, "TIFF") for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
)
# The sizes that the second header of a BMP file can have: its first two letters alone begin texts.
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


def find_format(place: str) -> str | None:
    """The format of the picture in a regular file; None for any other file, or one that cannot be read."""
    try:
        # Should it have become a pipe since it was listed, opening it does not wait.
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        return recognise_format(os.read(descriptor, _HEAD_BYTES))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def recognise_format(head: bytes) -> str | None:
    """The format of a picture that begins with these bytes; None for what is no picture that is read."""
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return None
