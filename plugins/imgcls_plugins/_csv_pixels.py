"""Rows of pixels from a CSV file: quickly where all is well, else cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._csv_lines import read_blocks
from imgcls_plugins._wording import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np

    from imgcls_plugins._csv_columns import Columns

_BRIGHTEST = 255
_ARROW_BLOCK_BYTES = 2 << 20  # parts of a block that pyarrow parses at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Consecutive rows of a table.

    Attributes:
        columns: What the table's columns are.
        lines: The number of each row's line in the file, from 1, as an editor shows it.
        pixels: uint8 (rows, columns.num_pixels).
        labels: The label of each row, without spaces around it; None where the table has none.
    """

    columns: Columns
    lines: Sequence[int]
    pixels: np.ndarray
    labels: list[str] | None


def read_rows(path: Path, choose_columns: Callable[[list[str], str], Columns]) -> Iterator[Rows]:
    """Read a CSV file, packed by gzip or not, some thousand rows at a time.

    Pixels are whole numbers 0-255 in any notation (`7`, `7.0`, `7e0`). Blank lines are passed over.
    One picture is one line: quoted cells may not run over several.

    Args:
        path: The file.
        choose_columns: Called with the first row's cells and its place in words.

    Raises:
        DatasetError: Names the file, line and column of the first cell that is wrong; or no row is
            there.
    """
    columns: Columns | None = None
    line, empty = 1, True
    for block in read_blocks(path):
        if columns is None:
            columns, line, block = _begin(block, line, path, choose_columns)
            if columns is None:
                continue
            options = _arrow_options(columns)
        rows = _parse_quickly(block, line, columns, options)
        if rows is None:
            rows = _parse_carefully(block, line, columns, path)
        line += block.count(b"\n")
        empty = empty and not rows.lines
        yield rows
    if empty:
        found = "is empty" if columns is None else "has a header, but no row of pixels"
        raise DatasetError(
            f"{printable(str(path))} {found}.\nGive a CSV file with one picture a line."
        )


def split_cells(line: bytes, place: str) -> list[str]:
    """Split one line into its cells. Raises DatasetError."""
    try:
        return next(csv.reader([line.decode().rstrip("\r\n")], strict=True), [])
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{place}: byte {error.start + 1}, {line[error.start]:#04x}, is no UTF-8 text.\n"
            "Save the file as CSV in UTF-8."
        ) from error
    except csv.Error as error:
        raise DatasetError(
            f"{place}: the line cannot be split into cells.\n"
            "Want one picture a line, cells between commas, and each quote closed on its line."
        ) from error


def describe_place(path: Path, line: int) -> str:
    return f"{printable(str(path))}, line {line}"


def describe_label_cell(path: Path, rows: Rows, index: int) -> str:
    """Where the label of the row `index` of `rows`, which have labels, is found."""
    assert rows.columns.label is not None
    return f"{describe_place(path, rows.lines[index])}, {rows.columns.describe(rows.columns.label)}"


def _begin(
    block: bytes, line: int, path: Path, choose_columns: Callable[[list[str], str], Columns]
) -> tuple[Columns | None, int, bytes]:
    """The columns, None if all lines are blank; then the first row's line, and the rows' bytes."""
    # Not line by line: millions of blank ones may stand in front.
    blank = len(block) - len(block.lstrip())
    start = block.rfind(b"\n", 0, blank) + 1
    line += block.count(b"\n", 0, start)
    if start == len(block):
        return None, line, b""
    end = block.index(b"\n", start) + 1
    place = describe_place(path, line)
    columns = choose_columns(split_cells(block[start:end], place), place)
    if columns.names is None:
        return columns, line, block[start:]
    return columns, line + 1, block[end:]


def _arrow_options(columns: Columns) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(index) for index in range(columns.count)]
    types = [
        pa.string() if index == columns.label else pa.uint8() for index in range(columns.count)
    ]
    return {
        "read_options": arrow_csv.ReadOptions(column_names=names, block_size=_ARROW_BLOCK_BYTES),
        # Blank lines are left to the careful way, which keeps count of them.
        "parse_options": arrow_csv.ParseOptions(ignore_empty_lines=False),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict(zip(names, types, strict=True)), null_values=[]
        ),
    }


def _parse_quickly(
    block: bytes, line: int, columns: Columns, options: dict[str, Any]
) -> Rows | None:
    """Parse with pyarrow; None where it refuses the block or takes more than we do."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # pyarrow reads hexadecimal numbers. Looking for one byte first is twenty times as fast.
    if any(mark[1:] in block and mark in block for mark in (b"0x", b"0X")):
        return None
    try:
        table = arrow_csv.read_csv(pa.BufferReader(block), **options)
    except pa.ArrowInvalid:
        return None
    # Fewer: a cell over several lines. More: lines that end in other ways.
    if table.num_rows != block.count(b"\n"):
        return None
    labels = None
    if columns.label is not None:
        labels = [label.strip() for label in table.column(columns.label).to_pylist()]
        table = table.remove_column(columns.label)
    parts = [batch.to_tensor(row_major=True).to_numpy() for batch in table.to_batches()]
    return Rows(
        columns=columns,
        lines=range(line, line + table.num_rows),
        pixels=np.concatenate(parts),
        labels=labels,
    )


def _parse_carefully(block: bytes, first_line: int, columns: Columns, path: Path) -> Rows:
    """Parse cell by cell; the first that is wrong is named."""
    import numpy as np

    lines: list[int] = []
    labels: list[str] = []
    pixels = bytearray()
    for line, text in enumerate(block.split(b"\n")[:-1], start=first_line):
        if not text.strip():
            continue
        place = describe_place(path, line)
        cells = split_cells(text, place)
        if len(cells) != columns.count:
            raise DatasetError(
                f"{place} has {len(cells):,} columns, but the first row has {columns.count:,}.\n"
                "Mend the line or delete it."
            )
        lines.append(line)
        if columns.label is not None:
            labels.append(cells.pop(columns.label).strip())
        pixels += _parse_pixels(cells, columns, place)
    return Rows(
        columns=columns,
        lines=lines,
        pixels=np.frombuffer(pixels, np.uint8).reshape(len(lines), columns.num_pixels),
        labels=labels if columns.label is not None else None,
    )


def _parse_pixels(cells: list[str], columns: Columns, place: str) -> bytes:
    values = []
    for index, cell in enumerate(cells):
        value = parse_whole(cell, _BRIGHTEST)
        if value is None:
            raise DatasetError(
                f"{place}, {columns.describe(columns.pixels[index])}: {quoted(cell)} is no pixel.\n"
                f"Pixels are whole numbers 0-{_BRIGHTEST}. Mend the cell or delete the line."
            )
        values.append(value)
    return bytes(values)


@lru_cache(maxsize=4096)
def parse_whole(cell: str, highest: int) -> int | None:
    """A whole number 0..highest, however it is written (`"7"`, `" 7.0"`, `"7e0"`), else None."""
    if not cell.isascii() or "_" in cell:  # Python reads these digits, people do not
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return int(value) if 0 <= value <= highest and value.is_integer() else None
