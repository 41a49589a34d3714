"""Pictures of any size as CSV: a label and the pixels, grey or colour, one picture a line."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError, Extent, Match, PluginError, Sample
from imgcls_plugins._class_names import parse_names
from imgcls_plugins._csv_columns import find_columns
from imgcls_plugins._csv_lines import CSV_FILE, count_rows, is_csv_file, read_head
from imgcls_plugins._csv_pixels import describe_label_cell, parse_whole, read_rows, split_cells
from imgcls_plugins._source_files import hash_files
from imgcls_plugins._wording import as_text, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcls_plugins._csv_columns import Columns
    from imgcls_plugins._csv_pixels import Rows

_SHAPE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})(?:x([13]))?", re.ASCII | re.IGNORECASE)


class PixelCsv:
    """A table of pixels 0-255, row by row, the channels of a pixel side by side.

    Args:
        shape: `"HxW"`, or `"HxWxC"` with 1 or 3 channels; None for square pictures: grey where the
            number of pixel columns is a square, colour where a third of it is.
        label: Name of the label's column, which may be a number where the header counts its columns.
            None: the column called label, class, target or y, else the first; a table of nothing
            but pixels has no labels.
        names: `"cat,dog,..."`, the classes that the labels 0, 1... stand for. None: the label is
            the class.

    Raises:
        PluginError: An option is not of these forms.
    """

    def __init__(
        self, shape: str | None = None, label: str | None = None, names: str | None = None
    ) -> None:
        self._shape = None if shape is None else _parse_shape(shape)
        self._label = label
        self._names = None if names is None else parse_names(names)

    def match(self, source: str) -> Match | None:
        path = Path(source)
        if not is_csv_file(path):
            return None
        try:
            columns = self._choose_columns(split_cells(_first_line(path), ""), "")
        except DatasetError:
            # Ours if nobody else claims it: read() then says what is wrong with it.
            return Match(0.1, "a CSV file")
        height, width, *channels = self._picture_shape(columns.num_pixels) or (0, 0)
        kind = "colour" if channels else "grey"
        return Match(0.4, f"a CSV file of {kind} pictures of {height}x{width}")

    def read(self, source: str) -> Iterator[Sample]:
        """Yield the pictures as uint8 (H, W) or (H, W, 3) in the order of the file.

        An id is the file's name and the number of the line in it, from 1, as an editor shows it.

        Raises:
            DatasetError: Names the file, line and column of the first cell that is wrong.
        """
        path = Path(source)
        name = as_text(path.name)
        for rows in read_rows(path, self._choose_columns):
            shape = self._picture_shape(rows.columns.num_pixels)
            assert shape is not None  # _choose_columns refuses others
            images = rows.pixels.reshape(-1, *shape)
            for line, image, label in zip(
                rows.lines, images, self._classes(rows, path), strict=True
            ):
                yield Sample(id=f"{name}:{line}", image=image, label=label)

    def fingerprint(self, source: str) -> str:
        """A hash of the file's name and content, and of the options. Raises DatasetError."""
        options = (self._shape, self._label, self._names)
        return f"pixel-csv-2-{hash_files([Path(source)], CSV_FILE)}-{options!r}"

    def extent(self, source: str) -> Extent | None:
        """What the file's size and its first lines tell; None where they are not as `read` wants them."""
        path = Path(source)
        try:
            columns = self._choose_columns(split_cells(_first_line(path), ""), "")
        except DatasetError:
            return None
        height, width, *channels = self._picture_shape(columns.num_pixels) or (0, 0)
        rows = count_rows(path, columns.count)
        shape = (height, width, 3 if channels else 1)
        return Extent(pictures=rows, size=rows * columns.num_pixels, image_shape=shape)

    def _choose_columns(self, first_row: list[str], place: str) -> Columns:
        columns = find_columns(
            first_row,
            place=place,
            is_picture=lambda count: self._picture_shape(count) is not None,
            label=self._label,
        )
        if self._picture_shape(columns.num_pixels) is None:
            raise DatasetError(
                f"{place} has {_describe_columns(columns)}, {self._describe_wanted()}"
            )
        return columns

    def _picture_shape(self, num_pixels: int) -> tuple[int, ...] | None:
        if self._shape is not None:
            return self._shape if math.prod(self._shape) == num_pixels else None
        if num_pixels < 1:
            return None
        for channels in ((), (3,)):
            side = math.isqrt(num_pixels // math.prod(channels))
            # One pixel is no picture unless somebody says so: it is a column of something else.
            if side > 1 and math.prod((side, side, *channels)) == num_pixels:
                return (side, side, *channels)
        return None

    def _describe_wanted(self) -> str:
        if self._shape is None:
            return (
                "which is no square picture, grey or colour.\n"
                "Say the shape: --data-option shape=HxW, or shape=HxWx3 for colour."
            )
        shape = "x".join(map(str, self._shape))
        return (
            f"but the shape {shape} wants {math.prod(self._shape):,} and a label.\n"
            "Correct --data-option shape=HxW (or HxWx3), or the file."
        )

    def _classes(self, rows: Rows, path: Path) -> Sequence[str | None]:
        if rows.labels is None:
            return [None] * len(rows.lines)
        classes = [self._class_of(label) for label in rows.labels]
        if None in classes:
            index = classes.index(None)
            wanted = (
                f"Labels are 0 to {len(self._names) - 1}, for {listed(list(self._names))}."
                if self._names
                else "A label is any text."
            )
            raise DatasetError(
                f"{describe_label_cell(path, rows, index)}: {quoted(rows.labels[index])} is no "
                f"label. {wanted}\nMend the cell or delete the line."
            )
        return classes

    def _class_of(self, label: str) -> str | None:
        if self._names is None:
            return label or None
        number = parse_whole(label, len(self._names) - 1)
        return None if number is None else self._names[number]


def _first_line(path: Path) -> bytes:
    return next((line for line in read_head(path) if line.strip()), b"")


def _parse_shape(text: str) -> tuple[int, ...]:
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise PluginError(
            "--data-option shape must be HxW or HxWxC with 1 or 3 channels (28x28, 32x32x3), "
            f"but got {quoted(text)}."
        )
    height, width, channels = found.groups()
    return (int(height), int(width), 3) if channels == "3" else (int(height), int(width))


def _describe_columns(columns: Columns) -> str:
    pixels = f"{columns.num_pixels:,} pixel column{'s' if columns.num_pixels != 1 else ''}"
    return f"{pixels} and a label" if columns.label is not None else pixels
