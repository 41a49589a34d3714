"""Pictures as a Python caller has them: arrays, paths and Pillow images, brought to what a child process takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.array_values import to_pixels
from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from imgcls_automl.array_values import TrainedValues

CHANNELS = (1, 3, 4)


def prepare_pictures(images: Any, trained: TrainedValues) -> list[Path | bytes | np.ndarray]:
    """List pictures as `decode_image` takes them: paths, encoded bytes, uint8 or uint16 pixels.

    Args:
        images: An array (N, H, W) or (N, H, W, 1|3|4); a path or a Pillow image; or any number of those, where an
            array is one picture.
        trained: What the values of the arrays of training stood for.

    Raises:
        ConfigError: Something is no picture, one picture might be many, or its values have another range than those of
            training.
    """
    import numpy as np

    pictures = [_prepare(it, number) for number, it in enumerate(_list_pictures(images))]
    arrays = {number: it for number, it in enumerate(pictures) if isinstance(it, np.ndarray)}
    pixels = to_pixels(arrays, trained)
    return [pixels.get(number, it) for number, it in enumerate(pictures)]


def _list_pictures(images: Any) -> list[Any]:
    if hasattr(images, "ndim"):
        _check_shape(images.shape)
        return list(images)
    if isinstance(images, str | Path) or hasattr(images, "getexif"):
        return [images]
    return list(images)


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) not in (3, 4):
        raise ConfigError(
            f"An array of pictures must have the shape (N, H, W) or (N, H, W, C), but got {shape}.\n"
            "Put a single picture into a list."
        )
    # Nobody has grey pictures that are so narrow: it is one picture, with its channels.
    if len(shape) == 3 and shape[2] in CHANNELS:
        raise ConfigError(
            f"An array {shape} would be {shape[0]:,} grey pictures, {shape[1]} high and {shape[2]} wide.\n"
            "Put a single picture into a list: predict([picture])"
        )


def _prepare(picture: Any, number: int) -> Path | bytes | np.ndarray:
    if isinstance(picture, str | Path):
        return Path(picture)
    if hasattr(picture, "getexif"):
        return _encode(picture)
    kind = getattr(picture, "dtype", None)
    shape: tuple[int, ...] = getattr(picture, "shape", ())
    flat = len(shape) == 2 or (len(shape) == 3 and shape[2] in CHANNELS)
    if flat and getattr(kind, "kind", "") in "buif":
        import numpy as np

        return np.asarray(picture)
    what = f"an array {shape} of {kind}" if kind is not None else f"a {type(picture).__name__}"
    raise ConfigError(
        f"Picture {number} must be a path, a Pillow image or pixels (H, W) or (H, W, 1|3|4), but got {what}."
    )


def _encode(image: Image) -> bytes:
    """A Pillow image as a file without loss, its orientation and its transparency kept."""
    from io import BytesIO

    file = BytesIO()
    plain = image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16")
    image.save(file, format="PNG" if plain else "TIFF", exif=image.getexif())
    return file.getvalue()
