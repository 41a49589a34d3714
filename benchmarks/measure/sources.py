"""Sources of drawn pictures as users have them: folders of JPEG files and tables of pixels."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = 10


def write_table(path: Path, rows: int) -> None:
    """Write a CSV as Fashion-MNIST comes: a header, then a label and 784 pixels a row, half of them zero."""
    import pyarrow
    import pyarrow.csv

    random = np.random.default_rng(0)
    pixels = random.integers(1, 256, (rows, 784), dtype="uint8")
    pixels[random.random(pixels.shape, dtype="float32") < 0.5] = 0
    labels = np.arange(rows, dtype="uint8") % CLASSES
    columns = {"label": labels} | {f"pixel{i + 1}": pixels[:, i] for i in range(784)}
    pyarrow.csv.write_csv(pyarrow.table(columns), path)


def draw_photos(folder: Path, *, count: int, size: tuple[int, int]) -> Path:
    """Draw class folders of JPEG files (quality 85), coarse coloured shapes under fine noise, unless they are there.

    Args:
        folder: Takes a folder of its own for this count and size.
        count: How many pictures.
        size: (width, height) in pixels.
    """
    target = folder / f"photos-{count}-{size[0]}x{size[1]}"
    if target.exists():
        return target
    random = np.random.default_rng(0)
    half = _make_classes(target)
    for number in range(count):
        _name_photo(half, number).write_bytes(_draw_photo(random, size))
    half.replace(target)
    return target


def link_photos(photos: Path, *, count: int) -> Path:
    """A folder of the first so many of these photos, as links to the same files, unless it is there."""
    target = photos.with_name(f"{photos.name}-first-{count}")
    if target.exists():
        return target
    half = _make_classes(target)
    for number in range(count):
        os.link(_name_photo(photos, number), _name_photo(half, number))
    half.replace(target)
    return target


def copy_photos(folder: Path, *, count: int, size: tuple[int, int]) -> Path:
    """Class folders of so many small files, of which there are only 50 different ones, unless they are there."""
    target = folder / f"many-{count}-{size[0]}x{size[1]}"
    if target.exists():
        return target
    random = np.random.default_rng(0)
    photos = [_draw_photo(random, size) for _ in range(50)]
    half = _make_classes(target)
    for number in range(count):
        _name_photo(half, number).write_bytes(photos[number % len(photos)])
    half.replace(target)
    return target


def _make_classes(target: Path) -> Path:
    """The folder to fill first, so that half a source is never taken for a whole one."""
    half = target.with_name(f"{target.name}.half")
    for label in range(CLASSES):
        (half / f"class{label}").mkdir(parents=True, exist_ok=True)
    return half


def _name_photo(folder: Path, number: int) -> Path:
    return folder / f"class{number % CLASSES}" / f"{number:06}.jpg"


def _draw_photo(random: np.random.Generator, size: tuple[int, int]) -> bytes:
    from PIL import Image

    coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype="uint8"))
    pixels = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).astype("int16")
    pixels += random.integers(-12, 13, (*pixels.shape[:2], 1), dtype="int16")
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(file, "JPEG", quality=85)
    return file.getvalue()
