"""Tables of texts: CSV with any usual separator, packed or not, and Parquet."""

from __future__ import annotations

import csv
import io
import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._csv_lines import read_blocks, read_head
from imgcls_plugins._source_files import check_regular
from imgcls_plugins._wording import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TABLE_FILE = "a CSV, TSV or Parquet table"  # what is wanted, for messages
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq")

# A few kB, packed, can hide millions of rows. Distinct paths are packed 5 to 50 times, by Parquet up
# to 250 times, and take a tenth of a byte each at the very least; bombs are packed far better.
BOMB_BYTES = 1 << 20
CSV_BOMB_RATIO = 100
PARQUET_BOMB_RATIO = 500
BOMB_ROWS = 1_000_000
BOMB_ROWS_A_BYTE = 20
CELL_BYTES = 64 << 10  # of a text; paths are of 4 KiB at most

_BATCH_ROWS = 1024
_PARQUET_MAGIC = b"PAR1"
_SEPARATORS = (",", "\t", ";", "|")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTable:
    """A table in a CSV file; quoted cells may run over several lines.

    Attributes:
        path: The file.
        names: Of the columns, without spaces around them.
        separator: What stands between cells.
        unit: What `read` counts: the first line of each row, from 1 on, as an editor shows it.
    """

    path: Path
    names: tuple[str, ...]
    separator: str
    unit: str = "line"

    def read(self, columns: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
        """Yield each row's number and its cells in the columns asked for.

        Raises:
            DatasetError: Names the file and the line of the first row that is wrong.
        """
        rows = _split_rows(_decode_lines(self.path), self.separator, self.path)
        for line, cells in itertools.islice(rows, 1, None):
            if len(cells) != len(self.names):
                raise DatasetError(
                    f"{printable(str(self.path))}, line {line} has {len(cells):,} columns, but the "
                    f"header has {len(self.names):,}.\nMend the line or delete it."
                )
            yield line, [cells[column].strip() for column in columns]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetTable:
    """A table in a Parquet file, as `CsvTable`; rows are counted from 1 on."""

    path: Path
    names: tuple[str, ...]
    unit: str = "row"

    def read(self, columns: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
        """As of `CsvTable`; columns that are not asked for are not read."""
        rows = (row for batch in _read_batches(self.path, columns) for row in batch)
        for number, cells in enumerate(rows, start=1):
            yield number, [_write_cell(cell) for cell in cells]


Table = CsvTable | ParquetTable


def is_table(path: Path) -> bool:
    # Path.is_file raises where a parent is closed to us; matching only looks.
    return path.name.lower().endswith(SUFFIXES) and os.path.isfile(path)  # noqa: PTH113 - it never raises


def open_table(path: Path) -> Table:
    """Open a table, whose kind is told by its content, and read the names of its columns.

    Raises:
        DatasetError: It is missing, empty, damaged, packed like a bomb, or its first row cannot be read.
    """
    check_regular(path, TABLE_FILE)
    return _open_parquet(path) if _is_parquet(path) else _open_csv(path)


def _open_csv(path: Path) -> CsvTable:
    lines = (line for line in _decode_lines(path) if line.strip())
    header = next(lines, None)
    if header is None:
        raise DatasetError(
            f"{printable(str(path))} is empty.\n"
            "Give a table with a header, and a picture's path and label in each row."
        )
    separator = _choose_separator(path, header)
    # From the start: the header's own cells may run over several lines.
    _, cells = next(_split_rows(_decode_lines(path), separator, path))
    return CsvTable(path=path, names=tuple(cell.strip() for cell in cells), separator=separator)


def _choose_separator(path: Path, header: str) -> str:
    if path.name.lower().removesuffix(".gz").endswith(".tsv") and "\t" in header:
        return "\t"
    # Ties go to the comma: a table of one column has none of them.
    return max(_SEPARATORS, key=header.count)


def _split_rows(
    lines: Iterable[str], separator: str, path: Path
) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row that is not blank, and the number of its first line."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DatasetError(
                f"{printable(str(path))}, line {line}: the line cannot be split into cells "
                f"({error}).\nWant one picture a line, and each quote closed."
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells) or len(cells) > 1:
            yield line, cells


def _decode_lines(path: Path) -> Iterator[str]:
    blocks = read_blocks(path, BOMB_BYTES, CSV_BOMB_RATIO)
    lines = (line for block in blocks for line in io.BytesIO(block))
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"{printable(str(path))}, line {number}: byte {error.start + 1}, "
                f"{line[error.start]:#04x}, is no UTF-8 text.\nSave the table in UTF-8."
            ) from error


def read_first_rows(table: Table, count: int) -> list[list[str]]:
    """The first rows, for matching: from the head of a CSV alone, and none from Parquet."""
    if not isinstance(table, CsvTable):
        return []
    lines = (line.decode("utf-8", "replace") + "\n" for line in read_head(table.path))
    rows = itertools.islice(_split_rows(lines, table.separator, table.path), 1, count + 1)
    return [cells for _, cells in rows]


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC
    except OSError:
        return False  # opening it as a CSV says what is wrong


def _open_parquet(path: Path) -> ParquetTable:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        metadata = parquet.read_metadata(path)
        names = metadata.schema.to_arrow_schema().names
    except (pa.ArrowException, OSError) as error:
        raise _describe_damaged(path, error) from error
    _refuse_bomb(path, metadata)
    return ParquetTable(path=path, names=tuple(str(name).strip() for name in names))


def _refuse_bomb(path: Path, metadata: Any) -> None:
    """Refuse what is hardly a table of paths but would fill the memory: by what the file says of itself."""
    packed = path.stat().st_size
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    unpacked = sum(group.total_byte_size for group in groups)
    many_rows = metadata.num_rows > max(BOMB_ROWS, BOMB_ROWS_A_BYTE * packed)
    if many_rows or unpacked > max(BOMB_BYTES, PARQUET_BOMB_RATIO * packed):
        raise DatasetError(
            f"{printable(str(path))} unpacks from {packed:,} bytes to {metadata.num_rows:,} rows of "
            f"{unpacked:,} bytes, like a bomb.\nIf that is right, write it as CSV."
        )


def _read_batches(path: Path, columns: Sequence[int]) -> Iterator[Iterable[tuple[Any, ...]]]:
    """Yield some rows at a time, with the columns asked for."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, read_dictionary=_find_indexed(path)) as file:
            fields = [file.schema_arrow.field(column) for column in columns]
            _refuse_nested(path, fields)
            names = [field.name for field in fields]
            number = 1
            for batch in file.iter_batches(_BATCH_ROWS, columns=names):
                for name in names:
                    _refuse_long_cells(path, name, batch.column(name), number)
                yield zip(*(batch.column(name).to_pylist() for name in names), strict=True)
                number += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _describe_damaged(path, error) from error


def _find_indexed(path: Path) -> list[str]:
    """The columns whose texts the file holds once each; to be read so, a long text takes its room once."""
    from pyarrow import parquet

    metadata = parquet.read_metadata(path)
    indexed = set()
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        for column in map(group.column, range(group.num_columns)):
            is_text = column.physical_type == "BYTE_ARRAY"
            if is_text and not any("DELTA" in encoding for encoding in column.encodings):
                indexed.add(column.path_in_schema)
    return sorted(indexed)


def _refuse_long_cells(path: Path, name: str, column: Any, number: int) -> None:
    """Refuse texts of more than `CELL_BYTES`; `number` is the row of the first cell."""
    import pyarrow as pa
    from pyarrow import compute

    is_indexed = pa.types.is_dictionary(column.type)
    texts = column.dictionary if is_indexed else column
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        return
    are_long = compute.greater(compute.binary_length(texts), CELL_BYTES)
    place = compute.index(are_long.take(column.indices) if is_indexed else are_long, True).as_py()
    if place >= 0:
        raise DatasetError(
            f"{printable(str(path))}, row {number + place}, column {quoted(name)} holds a text of "
            f"more than {CELL_BYTES >> 10} KiB.\nGive a picture's path and label in each row."
        )


def _refuse_nested(path: Path, fields: list[Any]) -> None:
    import pyarrow as pa

    for field in fields:
        is_indexed = pa.types.is_dictionary(field.type)
        kind = field.type.value_type if is_indexed else field.type
        if any(is_such(kind) for is_such in (pa.types.is_nested, pa.types.is_binary)):
            raise DatasetError(
                f"{printable(str(path))}, column {quoted(field.name)} holds "
                f"{printable(str(kind), 60)}, not texts.\nWanted are the paths of picture "
                "files: write the pictures to files, or name another column."
            )


def _describe_damaged(path: Path, error: Exception) -> DatasetError:
    reason = printable(" ".join(str(error).split()))
    return DatasetError(
        f"{printable(str(path))} cannot be read as Parquet: {reason}\nWrite or download it again."
    )


def _write_cell(cell: object) -> str:
    # A column of whole numbers with gaps comes as floats.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
