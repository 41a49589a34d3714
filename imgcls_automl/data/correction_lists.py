"""The files of --exclude and --relabel: lists of picture ids, read and checked for their form."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from imgcls_automl.errors import ConfigError, DatasetError

ID = "id"
NEW_LABEL = "new_label"
LABEL_COLUMNS = (NEW_LABEL, "suggested", "label")  # the first of them that a file has is read
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a list; the label is empty where the line gives none."""

    id: str
    label: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionList:
    """A file's lines.

    Attributes:
        flag: `"--exclude"` or `"--relabel"`, for messages.
        path: The file, as the user named it.
        column: Where its labels come from, one of `LABEL_COLUMNS`; empty for `--exclude`.
        entries: Its lines, in their order.
    """

    flag: str
    path: str
    column: str
    entries: tuple[Entry, ...]

    def locate(self, entry: Entry) -> str:
        """Where an entry stands, for messages: `"--relabel: wrong.csv, line 3"`."""
        return f"{self.flag}: {self.path}, line {entry.line}"


def read_exclusions(path: str) -> CorrectionList:
    """Read a CSV file with a column `id`, or else a text file of one id a line.

    Raises:
        ConfigError: It cannot be opened.
        DatasetError: It is no such file.
    """
    flag = "--exclude"
    text = _read_text(flag, path)
    delimiter = _find_delimiter(text)
    if delimiter:
        entries = _read_table(flag, path, text, delimiter, "")
    else:
        lines = enumerate(_split_lines(text), start=1)
        entries = [Entry(id=it, label="", line=number) for number, it in lines if it.strip()]
    return CorrectionList(flag=flag, path=path, column="", entries=tuple(entries))


def read_relabels(path: str) -> CorrectionList:
    """Read a CSV file with a column `id` and one of `LABEL_COLUMNS`.

    Raises:
        ConfigError: It cannot be opened.
        DatasetError: It is no such file.
    """
    flag = "--relabel"
    text = _read_text(flag, path)
    delimiter = _find_delimiter(text)
    header = _read_header(text, delimiter or ",")
    column = next((name for name in LABEL_COLUMNS if name in header), None)
    if delimiter is None or column is None:
        raise DatasetError(
            f"{flag}: {path} needs a first line with the columns id and one of {', '.join(LABEL_COLUMNS)}, "
            f"but has {', '.join(header[:5])!r}.\nPut these names above its columns."
        )
    entries = _read_table(flag, path, text, delimiter, column)
    return CorrectionList(flag=flag, path=path, column=column, entries=tuple(entries))


def _read_text(flag: str, path: str) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{flag}: {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{flag}: {path} is no UTF-8 text: {error.reason} at byte {error.start}.\n"
            "Save it as a CSV file in UTF-8."
        ) from None


def _find_delimiter(text: str) -> str | None:
    """What the header's cells are divided by; None where the first line names no column `id`."""
    return next((it for it in _DELIMITERS if ID in _read_header(text, it)), None)


def _read_header(text: str, delimiter: str) -> list[str]:
    rows = csv.reader(_split_lines(text)[:1], delimiter=delimiter)
    return [cell.strip().casefold() for cell in next(rows, [])]


def _split_lines(text: str) -> list[str]:
    # Not str.splitlines, which splits at characters that ids may hold.
    return io.StringIO(text, newline=None).read().split("\n")


def _read_table(flag: str, path: str, text: str, delimiter: str, column: str) -> list[Entry]:
    header = _read_header(text, delimiter)
    places = header.index(ID), header.index(column) if column else None
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    entries = []
    try:
        for cells in rows:
            if rows.line_num > 1 and any(cells):
                entries.append(_make_entry(f"{flag}: {path}", cells, places, rows.line_num))
    except csv.Error as error:
        raise DatasetError(
            f"{flag}: {path}, line {rows.line_num}: {error}.\nSave it as a CSV file anew."
        ) from None
    return entries


def _make_entry(where: str, cells: list[str], places: tuple[int, int | None], line: int) -> Entry:
    id_, label = (cells[it] if it is not None and it < len(cells) else "" for it in places)
    if not id_:
        raise DatasetError(
            f"{where}, line {line}: the column id is empty.\nName a picture there, or take the line out."
        )
    return Entry(id=id_, label=label, line=line)
