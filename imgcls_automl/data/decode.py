"""One picture, whatever its format, as the pixels a model takes, in training and in prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.dataset import MAX_PIXELS
from imgcls_automl.data.header import is_16_bit, orientation_of
from imgcls_automl.data.opening import open_picture, refuse_large, unreadable_if_it_fails

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

# Pillow's resizing weighs every pixel under its filter, so that shrinking does not alias. Beforehand
# it may average whole blocks, down to this many times the wanted size, with hardly a difference.
_REDUCING_GAP = 3.0
# A JPEG decoded at 1/2, 1/4 or 1/8 scale keeps at least this many times the wanted side.
_JPEG_MARGIN = 2
PAD_VALUE = 0  # black, what surrounds most scanned and medical pictures already


def decode_image(
    picture: Path | bytes | np.ndarray,
    *,
    shape: tuple[int, int, int],
    resize: str,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """Decode a picture to a model's shape.

    It is turned upright (EXIF), its first frame is taken, transparency is laid on white, and 16
    bits become 8 (divided by 257); then it is resized with an antialiased bilinear filter.

    Args:
        picture: An encoded file, its bytes, or uint8 or uint16 pixels (H, W) or (H, W, 1|3|4).
        shape: (height, width, channels) wanted; channels 1 or 3.
        resize: `"stretch"` ignores the aspect; `"pad"` keeps it and fills with black; `"crop"`
            keeps it and cuts the middle out.
        max_pixels: Pictures of more, height times width, are refused undecoded.

    Returns:
        uint8 (height, width, channels), 0-255.

    Raises:
        UnreadableImageError: It cannot be decoded; the text says why.
    """
    if isinstance(picture, np.ndarray):
        refuse_large(picture.shape[1], picture.shape[0], max_pixels)
        return _decode_array(picture, shape, resize)
    height, width, channels = shape
    with unreadable_if_it_fails(), open_picture(picture, max_pixels) as image:
        side = _JPEG_MARGIN * max(height, width)
        image.draft(None, (side, side))  # does something to JPEG files only
        converted = _to_channels(image, channels)
        upright = _turn_upright(converted, orientation_of(image))
        return _to_pixels(_fit(upright, (height, width), resize), shape)


def _decode_array(pixels: np.ndarray, shape: tuple[int, int, int], resize: str) -> np.ndarray:
    narrow = _narrow(pixels) if pixels.dtype.itemsize > 1 else pixels
    # The usual table of pixels needs no Pillow.
    if narrow.shape == shape or (*narrow.shape, 1) == shape:
        return narrow.reshape(shape)
    from PIL import Image

    with unreadable_if_it_fails():
        squeezed = narrow[:, :, 0] if narrow.ndim == 3 and narrow.shape[2] == 1 else narrow
        image = Image.fromarray(np.ascontiguousarray(squeezed))
        return _to_pixels(_fit(_to_channels(image, shape[2]), shape[:2], resize), shape)


def _to_channels(image: Image.Image, channels: int) -> Image.Image:
    """Mode L or RGB, without transparency."""
    if is_16_bit(image) or image.mode == "I":
        image = _narrow_image(image)
    elif image.has_transparency_data:
        image = _lay_on_white(image)
    elif image.mode == "LAB":
        image = image.convert("RGB")  # the only way that Pillow knows, also towards grey
    mode = "L" if channels == 1 else "RGB"
    if image.mode != mode:
        return image.convert(mode)
    image.load()  # as convert does: PNG files may have their EXIF data behind their pixels
    return image


def _narrow_image(image: Image.Image) -> Image.Image:
    from PIL import Image

    wide = np.asarray(image)
    narrow = _narrow(wide)
    # The one grey that a PNG file declares transparent; Pillow cannot lay 16 bits on white.
    transparent = image.info.get("transparency")
    return Image.fromarray(
        narrow if transparent is None else np.where(wide == transparent, np.uint8(255), narrow)
    )


def _lay_on_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    grey = image.mode in ("1", "L", "LA", "La")
    # Converted straight to RGB, it would show the colours hidden under its transparent parts.
    visible = image.convert("LA" if grey else "RGBA")
    canvas = Image.new("L" if grey else "RGB", image.size, "white")
    canvas.paste(visible.convert(canvas.mode), mask=visible.getchannel("A"))
    return canvas


def _narrow(pixels: np.ndarray) -> np.ndarray:
    """0-65535 to the nearest of 0-255; Pillow's own conversion would cut nearly all off at 255."""
    return ((pixels.clip(0, 65_535).astype(np.uint32) + 128) // 257).astype(np.uint8)


def _turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _fit(image: Image.Image, size: tuple[int, int], resize: str) -> Image.Image:
    height, width = size
    if (image.width, image.height) == (width, height):
        return image
    if resize == "stretch":
        return _scale(image, width, height)
    if resize == "crop":
        return _scale(image, width, height, _middle(image.size, width / height))
    return _pad(image, width, height)


def _middle(size: tuple[int, int], aspect: float) -> tuple[float, float, float, float]:
    """The largest box of an aspect, (left, top, right, bottom), in the middle of a picture."""
    # Pillow refuses a box that a rounding error puts beyond the edge.
    width, height = size
    left = max(0.0, (width - height * aspect) / 2)
    top = max(0.0, (height - width / aspect) / 2)
    return left, top, width - left, height - top


def _pad(image: Image.Image, width: int, height: int) -> Image.Image:
    from PIL import Image

    scale = min(width / image.width, height / image.height)
    inner_width = min(width, max(1, round(image.width * scale)))
    inner_height = min(height, max(1, round(image.height * scale)))
    canvas = Image.new(image.mode, (width, height), PAD_VALUE)
    corner = ((width - inner_width) // 2, (height - inner_height) // 2)
    canvas.paste(_scale(image, inner_width, inner_height), corner)
    return canvas


def _scale(
    image: Image.Image,
    width: int,
    height: int,
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    from PIL.Image import Resampling

    return image.resize((width, height), Resampling.BILINEAR, box=box, reducing_gap=_REDUCING_GAP)


def _to_pixels(image: Image.Image, shape: tuple[int, int, int]) -> np.ndarray:
    return np.asarray(image).reshape(shape)
