"""Fashion-MNIST as CSV: a label 0-9 and 784 pixels a line, in one file or in a folder of two."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError, Extent, Match, Sample
from imgcls_plugins._csv_columns import find_columns
from imgcls_plugins._csv_lines import CSV_FILE, count_rows, is_csv_file, read_head
from imgcls_plugins._csv_pixels import describe_label_cell, parse_whole, read_rows, split_cells
from imgcls_plugins._source_files import check_regular, hash_files
from imgcls_plugins._wording import as_text, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcls_plugins._csv_columns import Columns
    from imgcls_plugins._csv_pixels import Rows

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
SIDE = 28
MISTAKEN = 0.1  # share of labels that may be no class

_SPLIT_FILES = {"train": "fashion-mnist_train.csv", "test": "fashion-mnist_test.csv"}


class FashionMnistCsv:
    """Fashion-MNIST (Xiao et al., 2017, arXiv:1708.07747) as its CSV files have it.

    A file has a header (`label,pixel1..pixel784`) or none, and may be packed by gzip. Without the
    label's column the pictures have no label: good for predictions. A folder that holds
    `fashion-mnist_train.csv` and `fashion-mnist_test.csv`, each packed or not, is one source that
    states both splits.
    """

    def match(self, source: str) -> Match | None:
        path = Path(source)
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a parent is closed
            if _find_split_files(path) is None:
                return None
            return Match(0.95, "a folder of Fashion-MNIST's train and test CSV files")
        return _match_file(path) if is_csv_file(path) else None

    def read(self, source: str) -> Iterator[Sample]:
        """Yield the pictures as uint8 (28, 28) in the order of the file, train before test.

        An id is the file's name and the number of the line in it, from 1, as an editor shows it:
        the first picture under a header is `"fashion-mnist_train.csv:2"`.

        Raises:
            DatasetError: Names the file, line and column of the first cell that is wrong.
        """
        for path, split in _source_files(Path(source)).items():
            name = as_text(path.name)
            for rows in read_rows(path, _choose_columns):
                images = rows.pixels.reshape(-1, SIDE, SIDE)
                for line, image, label in zip(
                    rows.lines, images, _class_names(rows, path), strict=True
                ):
                    yield Sample(id=f"{name}:{line}", image=image, label=label, split=split)

    def fingerprint(self, source: str) -> str:
        """A hash of the files' names and content. Raises DatasetError."""
        return f"fashion-mnist-csv-2-{hash_files(list(_source_files(Path(source))), CSV_FILE)}"

    def extent(self, source: str) -> Extent:
        """What the files' sizes and first lines tell. Raises DatasetError."""
        rows = 0
        for path in _source_files(Path(source)):
            check_regular(path, CSV_FILE)
            rows += count_rows(path, SIDE * SIDE + 1)
        return Extent(pictures=rows, size=rows * SIDE * SIDE, image_shape=(SIDE, SIDE, 1))


def _source_files(source: Path) -> dict[Path, str | None]:
    """The files to read, each with the split it states."""
    if not os.path.isdir(source):  # noqa: PTH112 - as above; opening it says why
        return {source: None}
    files = _find_split_files(source)
    if files is None:
        raise DatasetError(
            f"The folder {printable(str(source))} does not hold both fashion-mnist_train.csv and "
            "fashion-mnist_test.csv (or .csv.gz).\nAdd what is missing, or give one CSV file."
        )
    return {path: split for split, path in files.items()}


def _find_split_files(folder: Path) -> dict[str, Path] | None:
    found = {}
    for split, name in _SPLIT_FILES.items():
        candidates = (folder / name, folder / f"{name}.gz")
        path = next((path for path in candidates if is_csv_file(path)), None)
        if path is None:
            return None
        found[split] = path
    return found


def _choose_columns(first_row: list[str], place: str) -> Columns:
    columns = find_columns(first_row, place=place, is_picture=lambda count: count == SIDE * SIDE)
    if columns.num_pixels != SIDE * SIDE:
        raise DatasetError(
            f"{place} has {columns.count:,} columns, but a row of Fashion-MNIST is a label 0-9 and "
            f"{SIDE * SIDE} pixels, between commas.\n"
            "For pictures of another size choose --adapter pixel_csv."
        )
    return columns


def _class_names(rows: Rows, path: Path) -> Sequence[str | None]:
    if rows.labels is None:
        return [None] * len(rows.lines)
    names = [_class_name(label) for label in rows.labels]
    if None in names:
        index = names.index(None)
        raise DatasetError(
            f"{describe_label_cell(path, rows, index)}: {quoted(rows.labels[index])} is no class. "
            f"Labels are 0 ({CLASS_NAMES[0]}) to 9 ({CLASS_NAMES[9]}).\n"
            "Mend the label; for pictures of other things choose --adapter pixel_csv."
        )
    return names


def _class_name(label: str) -> str | None:
    number = parse_whole(label, len(CLASS_NAMES) - 1)
    return None if number is None else CLASS_NAMES[number]


def _match_file(path: Path) -> Match | None:
    named = any(name in path.name.lower() for name in ("fashion", "fmnist"))
    head = [line for line in read_head(path) if line.strip()]
    try:
        columns = _choose_columns(split_cells(head[0], ""), "") if head else None
    except DatasetError:
        columns = None
    if columns is None:
        # Called so but not so: read() then says what is wrong with it.
        return Match(0.2, "a CSV file named after Fashion-MNIST") if named else None
    reason = f"a CSV file of {SIDE}x{SIDE} pictures, read with Fashion-MNIST's class names"
    if named:
        return Match(0.9, reason)
    if not _labels_fit(head[columns.names is not None :], columns):
        return None
    return Match(0.3 if _seems_other(path, columns) else 0.5, reason)


def _labels_fit(lines: list[bytes], columns: Columns) -> bool:
    if columns.label is None:
        return True
    try:
        rows = [split_cells(line, "") for line in lines]
    except DatasetError:
        return False
    labels = [row[columns.label] for row in rows if len(row) > columns.label]
    if not labels:
        return True
    misfits = sum(_class_name(label) is None for label in labels)
    # A wrong label or two is a mistake in this kind of file, told by read(); many make it another kind.
    return misfits <= max(1, MISTAKEN * len(labels)) and misfits < len(labels)


def _seems_other(path: Path, columns: Columns) -> bool:
    """Other data sets of this shape, MNIST's digits first, are told by the names they use."""
    if "mnist" in path.name.lower():
        return True
    if columns.names is None:
        return False
    names = [columns.names[index].lower() for index in columns.pixels]
    return names != [f"pixel{number}" for number in range(1, len(names) + 1)]
