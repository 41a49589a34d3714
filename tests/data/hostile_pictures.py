"""A thousand pictures that are damaged, disguised, empty or far too large, the same every time."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16")
VARIANTS = (
    ("JPEG", {"progressive": True}),
    ("PNG", {"optimize": True}),
    ("WEBP", {"lossless": True}),
    ("GIF", {"interlace": 0}),
    *(("TIFF", {"compression": name}) for name in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg")),
)
DAMAGES = 12  # of each sound picture: half of them cuts, half flipped bytes
SUFFIXES = ("jpg", "png", "bmp", "gif", "webp", "tif")
BOMB = 16_383  # pixels a side; the most that WebP can state


@cache
def make_sound() -> dict[str, bytes]:
    """Small pictures in every format that Pillow writes and every mode that the format takes."""
    Image.init()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8))
    wide = Image.fromarray(np.asarray(noise.convert("L")).astype(np.uint16) * 257)
    pictures = {}
    for kind in sorted(Image.SAVE):
        for mode in MODES:
            picture = _encode(wide if mode == "I;16" else noise.convert(mode), kind, {})
            if picture:
                pictures[f"{kind}-{mode}"] = picture
    for number, (kind, options) in enumerate(VARIANTS):
        pictures[f"{kind}-variant-{number}"] = _encode(noise, kind, options)
    frames = {"save_all": True, "append_images": [noise.rotate(90), noise.rotate(180)]}
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        pictures[f"{kind}-animated"] = _encode(noise, kind, frames)
    return pictures


@cache
def make_damaged() -> dict[str, bytes]:
    """Each sound picture cut at many places and with bytes flipped."""
    return dict(_damage(make_sound()))


def _damage(sound: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    draw = np.random.default_rng(1)
    for name, picture in sound.items():
        for number in range(DAMAGES):
            if number % 2:
                yield f"{name}-cut-{number}", picture[: draw.integers(1, len(picture))]
            else:
                yield f"{name}-flipped-{number}", flip(picture, draw.integers(1, 2**32, 4).tolist())


def flip(picture: bytes, places: list[int]) -> bytes:
    """Change the byte at each place, counted round and round the file."""
    damaged = bytearray(picture)
    for place in places:
        damaged[place % len(damaged)] ^= 1 + place % 255
    return bytes(damaged)


def make_guests() -> dict[str, tuple[bytes, str]]:
    """What is no picture under a picture's name, with words of the reason wanted."""
    return {
        "nothing": (b"", "the file is empty"),
        "text": (b"cats are nice", "no picture in a known format"),
        "zeros": (bytes(4096), "no picture in a known format"),
        "page": (b"\n<!DOCTYPE html><html><title>404</title>", "a web page"),
        "drawing": (b'<?xml version="1.0"?><svg/>', "an SVG drawing"),
        "document": (b"%PDF-1.7\n", "a PDF document"),
        "script": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript file"),
        "archive": (b"PK\x03\x04" + bytes(60), "a ZIP archive"),
        "phone": (b"\x00\x00\x00\x18ftypheic" + bytes(60), "an HEIC picture"),
        "video": (b"\x00\x00\x00\x18ftypisom" + bytes(60), "a video"),
        "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS has not fetched"),
    }


def make_bombs() -> dict[str, bytes]:
    """Files of a few bytes that state 268 megapixels."""
    side = BOMB
    seed = Image.new("RGB", (8, 8))
    jpeg = _encode(seed, "JPEG", {})
    frame = jpeg.index(b"\xff\xc0") + 5
    bmp, gif = _encode(seed, "BMP", {}), _encode(seed, "GIF", {})
    webp = _encode(seed, "WEBP", {"lossless": True})
    tiff = _encode(seed, "TIFF", {})
    for tag in (256, 257):  # the width and the height, each as one LONG
        start = tiff.index(struct.pack("<HHI", tag, 4, 1))
        tiff = tiff[: start + 8] + struct.pack("<I", side) + tiff[start + 12 :]
    return {
        "png": b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(bytes(100)))
        + _chunk(b"IEND", b""),
        "jpg": jpeg[:frame] + struct.pack(">HH", side, side) + jpeg[frame + 4 :],
        "bmp": bmp[:18] + struct.pack("<ii", side, side) + bmp[26:],
        "gif": gif[:6] + struct.pack("<HH", side, side) + gif[10:],
        "webp": webp[:21] + struct.pack("<I", (side - 1) | (side - 1) << 14) + webp[25:],
        "tif": tiff,
    }


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _encode(image: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # of formats that Pillow will give up
        try:
            image.save(buffer, kind, **options)
        except (OSError, ValueError, KeyError):  # the format does not take the mode
            return b""
    return buffer.getvalue()
