"""Arrays of pictures and labels in one .npz file, as `numpy.savez` writes them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError, Extent, Match, Sample
from imgcls_plugins._array_labels import decode_text, name_label
from imgcls_plugins._npz_arrays import NPZ_FILE, is_npz_file, list_names, open_array, read_blocks
from imgcls_plugins._npz_parts import CLASS_NAMES, find_parts
from imgcls_plugins._pixel_range import choose_ranges, measure, needs_measuring, parse_white
from imgcls_plugins._source_files import DEFLATE_RATIO, hash_files
from imgcls_plugins._wording import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from imgcls_plugins._npz_arrays import StoredArray
    from imgcls_plugins._npz_parts import Part
    from imgcls_plugins._pixel_range import PixelRange

_BLOCK_BYTES = 8 << 20


class Npz:
    """An .npz file of pictures (N, H, W) or (N, H, W, C) and labels (N,), whole numbers or texts.

    Arrays are found by name: x_train and y_train, x_test, x_val, or train_images and train_labels,
    and so on, which state splits; or images and labels, x and y. An array class_names, if there is
    one, names the classes that the labels 0, 1... stand for. Pixels are bytes or other whole numbers
    0-255, uint16 0-65535, or floats 0-1 or 0-255, told by the largest; each array has the range of its
    kind. Nothing is unpickled, and memory holds a few thousand pictures at a time, but for arrays in
    Fortran's order.

    Args:
        images: Name of the pictures' array, where it is another.
        labels: Name of the labels' array.
        white: The value of white in all arrays, where pixels are numbers of another range: 255 for
            bytes kept as uint16, 4095 for 12 bits.

    Raises:
        PluginError: An option is not of this form.
    """

    def __init__(
        self, images: str | None = None, labels: str | None = None, white: str | None = None
    ) -> None:
        self._images = images
        self._labels = labels
        self._white = None if white is None else parse_white(white)

    def match(self, source: str) -> Match | None:
        path = Path(source)
        if not is_npz_file(path):
            return None
        try:
            parts = find_parts(path, self._images, self._labels)
        except DatasetError:
            # Ours if nobody else claims it: read() then says what is wrong with it.
            return Match(0.15, "an .npz file")
        shown = [f"{part.images.rows:,} pictures in {quoted(part.images.name)}" for part in parts]
        shape = "x".join(map(str, parts[0].images.shape[1:]))
        kind = f"{parts[0].images.dtype} of {shape}"
        labels = "" if parts[0].labels is not None else ", without labels"
        return Match(0.85, f"an .npz file: {listed(shown, limit=8)} ({kind}){labels}")

    def read(self, source: str) -> Iterator[Sample]:
        """Yield the pictures as uint8 or uint16 (H, W) or (H, W, C), train before test.

        An id is the array's name and the place in it: `"x_train[17]"`.

        Raises:
            DatasetError: Names the file and the array, and the place in it, of what is wrong.
        """
        path = Path(source)
        parts = find_parts(path, self._images, self._labels)
        names = _read_class_names(path)
        for part, pixel_range in zip(parts, self._choose_ranges(parts), strict=True):
            yield from _read_part(part, names, pixel_range)

    def fingerprint(self, source: str) -> str:
        """A hash of the file's name and content, and of the options. Raises DatasetError."""
        options = (self._images, self._labels, self._white)
        return f"npz-2-{hash_files([Path(source)], NPZ_FILE)}-{options!r}"

    def extent(self, source: str) -> Extent | None:
        """What the arrays' headers tell; None where the file cannot hold so much. Raises DatasetError."""
        path = Path(source)
        arrays = [part.images for part in find_parts(path, self._images, self._labels)]
        if sum(it.rows * it.row_bytes for it in arrays) > DEFLATE_RATIO * path.stat().st_size:
            return None
        shapes = {_picture_shape(it) for it in arrays}
        return Extent(
            pictures=sum(it.rows for it in arrays),
            # Of the two kinds of pixels that values become, bytes are the smaller.
            size=sum(math.prod(it.shape) for it in arrays),
            image_shape=shapes.pop() if len(shapes) == 1 else None,
        )

    def _choose_ranges(self, parts: Sequence[Part]) -> list[PixelRange]:
        arrays = [part.images for part in parts]
        highest = [
            measure(it, read_blocks(it, _block_rows(it))) if needs_measuring(it) else 255.0
            for it in arrays
        ]
        return choose_ranges(arrays, highest, self._white)


def _read_part(
    part: Part, names: Sequence[str] | None, pixel_range: PixelRange
) -> Iterator[Sample]:
    rows = _block_rows(part.images)
    pictures = read_blocks(part.images, rows)
    number = 0
    for block, labels in _pair(pictures, part.labels, names, rows):
        for image, label in zip(pixel_range.to_pixels(block), labels, strict=True):
            id_ = f"{part.images.name}[{number}]"
            yield Sample(id=id_, image=image, label=label, split=part.split)
            number += 1


def _pair(
    pictures: Iterator[np.ndarray],
    labels: StoredArray | None,
    names: Sequence[str] | None,
    rows: int,
) -> Iterator[tuple[np.ndarray, Sequence[str | None]]]:
    """Read pictures and labels in step, so that memory holds one block of each."""
    if labels is None:
        return ((block, [None] * len(block)) for block in pictures)
    return zip(pictures, _read_labels(labels, names, rows), strict=True)


def _read_labels(array: StoredArray, names: Sequence[str] | None, rows: int) -> Iterator[list[str]]:
    start = 0
    for block in read_blocks(array, rows):
        values = block.reshape(len(block)).tolist()
        yield [
            name_label(value, names, array, index, origin=CLASS_NAMES)
            for index, value in enumerate(values, start=start)
        ]
        start += len(values)


def _read_class_names(path: Path) -> list[str] | None:
    if CLASS_NAMES not in list_names(path):
        return None
    array = open_array(path, CLASS_NAMES)
    if len(array.shape) != 1 or array.dtype.kind not in "US":
        raise DatasetError(
            f"{array.describe()} is to be one row of texts, but is {array.dtype} of the shape "
            f"{array.shape}.\nSave it as np.array(['cat', 'dog']), or leave it out."
        )
    texts = [text for block in read_blocks(array, array.rows) for text in block.tolist()]
    names = [decode_text(text, array, index).strip() for index, text in enumerate(texts)]
    if not all(names) or len(set(names)) < len(names):
        raise DatasetError(
            f"{array.describe()} has an empty name, or one twice: {listed(names, 8)}.\n"
            "Give each class a name of its own."
        )
    return names


def _block_rows(array: StoredArray) -> int:
    return max(1, _BLOCK_BYTES // array.row_bytes)


def _picture_shape(array: StoredArray) -> tuple[int, int, int]:
    height, width, channels = (*array.shape[1:], 1)[:3]
    return height, width, channels
