"""Tables of paths and labels: a picture file named in each row of a CSV, TSV or Parquet file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError, Match, Problem, Sample
from imgcls_plugins._folder_layout import SPLIT_NAMES
from imgcls_plugins._folder_tree import FORMATS
from imgcls_plugins._item_hash import hash_items
from imgcls_plugins._table_columns import (
    TableColumns,
    describe_columns,
    find_table_columns,
    refuse_missing_header,
)
from imgcls_plugins._tables import is_table, open_table, read_first_rows
from imgcls_plugins._wording import as_text, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_plugins._tables import Table

_SPLIT_NAMES = {**SPLIT_NAMES, "dev": "validation"}
_MISSING = {"", "nan", "<na>"}  # what pandas makes of no label
_LOOK_ROWS = 20  # while matching
# Rows without a picture cost memory though nothing is behind them: about 0.3 GB are this many.
PROBLEM_ROWS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number, its cells as they are, and None for cells that say nothing."""

    number: int
    path: str
    label: str | None
    split: str | None
    group: str | None


class ImageCsv:
    """A table with a picture's path and its label in each row, below a header: CSV, TSV or Parquet.

    Columns are found by their usual names (path, file, image...; label, class...; split, set...;
    group, patient...). A split is train, validation (val, valid, dev) or test.

    Args:
        path_column: Name of the column of paths.
        label_column: Of the labels.
        split_column: Of the splits; empty to read none, as with the next.
        group_column: Of what is never to be torn apart by a split.
        root: The folder that the paths start from and must not lead out of, itself relative to the
            table's folder.
    """

    def __init__(
        self,
        path_column: str | None = None,
        label_column: str | None = None,
        split_column: str | None = None,
        group_column: str | None = None,
        root: str = "",
    ) -> None:
        self._wanted = {
            "path": path_column,
            "label": label_column,
            "split": split_column,
            "group": group_column,
        }
        self._root = root

    def match(self, source: str) -> Match | None:
        path = Path(source)
        if not is_table(path):
            return None
        kind = _name_kind(path)
        weak = Match(0.12, "a table") if kind != "CSV" else None
        try:
            table = open_table(path)
        except DatasetError:
            return weak  # ours if nobody else claims it: read() then says what is wrong with it
        columns = self._find_columns(table)
        if columns is not None:
            return Match(0.8, f"a {kind} table: {describe_columns(table, columns)}")
        return Match(0.25, "a table that names pictures") if _names_pictures(table) else weak

    def read(self, source: str) -> Iterator[Sample | Problem]:
        """Yield a sample for each row, in the order of the table; `image` is its path.

        An id is the path relative to `root`. Yields a problem, with the table's name and the number
        of the row as its id, for a row without a path, or one whose file is not there, lies outside
        `root` or was named before; and for a row without a label where others have one.

        Raises:
            DatasetError: Names the table and the row or column that is wrong; or none of the
                pictures is there, or more than `PROBLEM_ROWS` are not and fewer are.
        """
        path = Path(source)
        table = open_table(path)
        root = self._find_root(path)
        refuse_missing_header(table, root)
        columns = find_table_columns(table, self._wanted)
        first_problem, pictures, problems = None, 0, 0
        for item in _read_items(table, columns, root):
            if isinstance(item, Problem):
                first_problem = first_problem or item
                problems += 1
            else:
                pictures += 1
            if problems > max(PROBLEM_ROWS, pictures):
                raise DatasetError(_describe_many(table, first_problem))
            yield item
        if not pictures:
            raise DatasetError(_describe_nothing(table, first_problem))

    def fingerprint(self, source: str) -> str:
        """A hash over what `read` yields and over each picture's size and times, not its content.

        Raises:
            DatasetError: As `read` does.
        """
        return f"image-csv-1-{hash_items(self.read(source))}"

    def _find_columns(self, table: Table) -> TableColumns | None:
        try:
            return find_table_columns(table, self._wanted)
        except DatasetError:
            return None

    def _find_root(self, path: Path) -> str:
        # Pathlib would leave ".." in it.
        root = os.path.normpath(path.absolute().parent / self._root)
        if not os.path.isdir(root):  # noqa: PTH112 - Path.is_dir raises where a parent is closed
            raise DatasetError(
                f"There is no folder {printable(root)}, where the paths of "
                f"{printable(str(path))} are to start.\n"
                "Correct --data-option root=DIR; it is relative to the table's own folder."
            )
        return root


def _read_items(table: Table, columns: TableColumns, root: str) -> Iterator[Sample | Problem]:
    labelled = _is_labelled(table, columns)
    named: dict[str, int] = {}
    for row in _read_rows(table, columns):
        place = os.path.normpath(os.path.join(root, row.path))  # noqa: PTH118 - a Path each is slow
        fault = _find_fault(row, place, root)
        if fault is None and place in named:
            fault = f"{quoted(row.path, 100)} is in {table.unit} {named[place]} already"
        if fault is None and labelled and row.label is None:
            fault = f"{quoted(row.path, 100)} has no label"
        if fault is None:
            named[place] = row.number
            yield Sample(
                id=as_text(place.removeprefix(root).lstrip("/")),
                image=Path(place),
                label=row.label,
                split=row.split,
                group=row.group,
            )
        else:
            yield Problem(id=f"{as_text(table.path.name)}:{row.number}", detail=fault)


def _is_labelled(table: Table, columns: TableColumns) -> bool:
    """Whether any row has a label: then one without has lost it."""
    if columns.label is None:
        return False
    return any(_read_label(cells[0]) is not None for _, cells in table.read([columns.label]))


def _find_fault(row: Row, place: str, root: str) -> str | None:
    cell = quoted(row.path, 100)
    if not row.path or "\0" in row.path:
        return "no path" if not row.path else f"{cell} is no path"
    if not place.startswith(root.rstrip("/") + "/"):
        return f"{cell} leads out of {root}; another folder to start from: --data-option root=DIR"
    if os.path.isfile(place):  # noqa: PTH113 - it never raises
        return None
    if not os.path.lexists(place):
        return f"there is no file {cell} in {root}"
    return f"{cell} is no regular file: a folder, a broken link, a pipe or a device"


def _read_rows(table: Table, columns: TableColumns) -> Iterator[Row]:
    roles = {
        "path": columns.path,
        "label": columns.label,
        "split": columns.split,
        "group": columns.group,
    }
    used = {role: column for role, column in roles.items() if column is not None}
    for number, cells in table.read(list(used.values())):
        texts = {**dict.fromkeys(roles, ""), **dict(zip(used, cells, strict=True))}
        yield Row(
            number=number,
            path=texts["path"],
            label=_read_label(texts["label"]),
            split=_read_split(texts["split"], table, number, columns),
            group=texts["group"] or None,
        )


def _read_label(text: str) -> str | None:
    return None if text.lower() in _MISSING else text


def _read_split(text: str, table: Table, number: int, columns: TableColumns) -> str | None:
    if not text:
        return None
    split = _SPLIT_NAMES.get(text.lower())
    if split is None:
        assert columns.split is not None
        raise DatasetError(
            f"{printable(str(table.path))}, {table.unit} {number}, column "
            f"{quoted(table.names[columns.split])}: {quoted(text)} is no split; wanted are train, "
            "validation (val, valid, dev) and test.\nMend the cell, name another column "
            "(--data-option split_column=NAME), or read none: --data-option split_column="
        )
    return split


def _name_kind(path: Path) -> str:
    suffix = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    return "Parquet" if suffix in ("parquet", "pq") else suffix.upper()


def _names_pictures(table: Table) -> bool:
    """Whether a cell of the head is a picture file; the header counts, for it may be missing."""
    rows = [list(table.names), *read_first_rows(table, _LOOK_ROWS)]
    return any(Path(cell.strip()).suffix.lower() in FORMATS for row in rows for cell in row)


def _describe_nothing(table: Table, problem: Problem | None) -> str:
    place = printable(str(table.path))
    if problem is None:
        return f"{place} has a header, but no row.\nGive a picture's path and label in each row."
    return (
        f"None of the pictures that {place} names can be read.\n"
        f"The first, {printable(problem.id)}: {printable(problem.detail, 400)}.\n"
        "Paths start from the table's folder; name another: --data-option root=DIR"
    )


def _describe_many(table: Table, first: Problem | None) -> str:
    assert first is not None
    return (
        f"More than {PROBLEM_ROWS:,} rows of {printable(str(table.path))} name no picture that can be read.\n"
        f"The first, {printable(first.id)}: {printable(first.detail, 400)}.\n"
        "Take such rows out, or name another folder to start from: --data-option root=DIR"
    )
