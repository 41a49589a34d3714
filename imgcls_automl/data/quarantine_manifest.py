"""manifest.csv of a quarantine: which file came from where, written before the files are moved."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.errors import DatasetError
from imgcls_automl.files import write_csv
from imgcls_automl.text import guard_cell, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = "manifest.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file that is in quarantine, or was about to be; all are texts.

    Attributes:
        original: Where it was, an absolute path.
        moved: Where it is, relative to the quarantine.
        reason: Why it cannot be read.
        sha256: Of its content; of a link, of the path it holds.
        time: UTC, ISO 8601.
    """

    original: str
    moved: str
    reason: str
    sha256: str
    time: str


_HEADER = tuple(field.name for field in fields(Entry))


class Manifest:
    """The manifest of a quarantine, to which entries are added."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / MANIFEST
        entries = read_manifest(folder) if self.path.exists() else []
        # Anew, because a power failure may have left half a line at the end.
        write_csv(self.path, _HEADER, map(_to_cells, entries))

    def add(self, entries: Iterable[Entry]) -> None:
        """Add entries, all of which are on the disk when this returns."""
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(map(_to_cells, entries))
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(buffer.getvalue())
            file.flush()
            os.fsync(file.fileno())


def read_manifest(folder: Path) -> list[Entry]:
    """Read a quarantine's entries, the last for each file.

    Raises:
        DatasetError: There is no manifest, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{folder} is no quarantine: its {MANIFEST} cannot be read ({error}).\n"
            "Give the folder that was named with --to."
        ) from error
    whole = [line for line in lines if line.endswith("\n")]  # no name holds a line's end
    header, *rows = list(csv.reader(whole)) or [[]]
    if tuple(header) != _HEADER:
        raise _damaged(path, 1)
    entries: dict[str, Entry] = {}
    for number, row in enumerate(rows, start=2):
        if len(row) != len(_HEADER):
            raise _damaged(path, number)
        entry = _from_cells(row, path, number)
        entries[entry.moved] = entry
    return list(entries.values())


def _to_cells(entry: Entry) -> tuple[str, ...]:
    names = (_write_name(entry.original), _write_name(f"./{entry.moved}"))
    return (*names, guard_cell(entry.reason), *astuple(entry)[3:])


def _from_cells(cells: list[str], path: Path, number: int) -> Entry:
    original, moved = (_read_name(cell, path, number) for cell in cells[:2])
    inside = Path(moved)
    if inside.is_absolute() or ".." in inside.parts or not Path(original).is_absolute():
        raise _damaged(path, number)
    return Entry(
        original=original, moved=str(inside), reason=cells[2], sha256=cells[3], time=cells[4]
    )


def _write_name(name: str) -> str:
    """A path, as it is or with escapes that can be read back exactly, whatever its bytes are."""
    if plain(name) == name and "\\" not in name:
        return name
    return name.encode("unicode_escape").decode("ascii")


def _read_name(cell: str, path: Path, number: int) -> str:
    if "\\" not in cell:
        return cell
    try:
        return cell.encode("ascii").decode("unicode_escape")
    except UnicodeError as error:
        raise _damaged(path, number) from error


def _damaged(path: Path, number: int) -> DatasetError:
    return DatasetError(
        f"{path}, line {number}, is not as this program wrote it.\n"
        "Restore the manifest from a copy; the files themselves are untouched."
    )
