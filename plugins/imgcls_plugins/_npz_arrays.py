"""The arrays of an .npz archive: found by their headers, read a block at a time, never unpickled."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._source_files import check_regular, refuse_bomb
from imgcls_plugins._wording import printable

if TYPE_CHECKING:
    import numpy as np

NPZ_FILE = "an .npz file"  # what is wanted, for messages
ROW_BYTES = 1 << 30  # of one picture; more is a damaged header

_MEMBER = ".npy"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArray:
    """An array as its header tells it.

    Attributes:
        path: The archive.
        name: As `numpy.savez` was told it.
        shape: Its first axis counts the rows.
        dtype: Never one that holds Python objects.
        by_columns: Whether it is stored in Fortran's order; only then is it read as a whole.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    by_columns: bool

    @property
    def rows(self) -> int:
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape[1:])

    def describe(self, index: int | None = None) -> str:
        """A place for messages: `"digits.npz, y_train[17]"`."""
        place = "" if index is None else f"[{index}]"
        return f"{printable(str(self.path))}, {printable(self.name, 60)}{place}"


def is_npz_file(path: Path) -> bool:
    # Path.is_file raises where a parent is closed to us; matching only looks.
    return path.name.lower().endswith(".npz") and os.path.isfile(path)  # noqa: PTH113 - it never raises


def list_names(path: Path) -> list[str]:
    """The names of an archive's arrays. Raises DatasetError."""
    with _open_archive(path) as archive:
        names = archive.namelist()
    return [name.removesuffix(_MEMBER) for name in names if name.endswith(_MEMBER)]


def open_array(path: Path, name: str) -> StoredArray:
    """Read the header of an array.

    Raises:
        DatasetError: The archive or the header is damaged, or the array holds Python objects, which
            nobody can read without running what is in them; or it is packed like a bomb.
    """
    with _open_archive(path) as archive, archive.open(name + _MEMBER) as file:
        shape, by_columns, dtype = _read_header(file)
        member = archive.getinfo(name + _MEMBER)
    array = StoredArray(path=path, name=name, shape=shape, dtype=dtype, by_columns=by_columns)
    refuse_bomb(
        *(member.compress_size, member.file_size, array.describe()),
        "save it with numpy.savez, which does not pack",
    )
    if dtype.hasobject or dtype.names:
        raise DatasetError(
            f"{array.describe()} holds Python objects, which are not read, for that could run code."
            "\nSave it as an array of numbers or texts: "
            f"np.savez(path, {printable(name, 40)}=np.array(list(values)))"
        )
    if not shape:
        raise DatasetError(f"{array.describe()} is a single value, not an array with rows.")
    if array.row_bytes > ROW_BYTES:
        raise DatasetError(
            f"{array.describe()} has the shape {shape}: a row would take more than "
            f"{ROW_BYTES >> 30} GiB.\nGive an array whose first axis counts the pictures."
        )
    return array


def read_blocks(array: StoredArray, rows: int) -> Iterator[np.ndarray]:
    """Yield an array some rows at a time, each block of shape (rows, ...), the last perhaps fewer.

    Raises:
        DatasetError: It ends too early or is damaged.
    """
    import numpy as np

    with _open_archive(array.path) as archive, archive.open(array.name + _MEMBER) as file:
        if array.by_columns:
            whole = np.lib.format.read_array(file, allow_pickle=False)
            yield from (whole[start : start + rows] for start in range(0, array.rows, rows))
            return
        _read_header(file)
        for start in range(0, array.rows, rows):
            count = min(rows, array.rows - start)
            data = file.read(count * array.row_bytes)
            if len(data) < count * array.row_bytes:
                raise DatasetError(
                    f"{array.describe()} is cut off: its header tells of {array.rows:,} rows, but "
                    f"row {start + len(data) // max(1, array.row_bytes)} is not whole.\n"
                    "Write or download the file again."
                )
            yield np.frombuffer(data, array.dtype).reshape(count, *array.shape[1:])


@contextmanager
def _open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    check_regular(path, NPZ_FILE)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    # RuntimeError: encrypted. NotImplementedError, LookupError: packed in some other way.
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, OSError),
        *(ValueError, RuntimeError, NotImplementedError, LookupError, MemoryError),
    ) as error:
        raise DatasetError(
            f"{printable(str(path))} cannot be read as an .npz file: "
            f"{printable(' '.join(str(error).split()) or type(error).__name__)}.\n"
            "Write it again with numpy.savez, or download it again."
        ) from error


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    import tokenize

    import numpy as np

    version = np.lib.format.read_magic(file)
    try:
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(file)
        if version == (2, 0):
            return np.lib.format.read_array_header_2_0(file)
    except tokenize.TokenError as error:  # numpy takes it for a header of Python 2
        raise ValueError(f"a header cannot be parsed: {error}") from error
    raise ValueError(f"its arrays are of the format {version[0]}.{version[1]}")
