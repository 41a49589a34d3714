"""The bytes of a CSV file, packed or not, as blocks of whole lines."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._source_files import DEFLATE_RATIO, GZIP_MAGIC, open_unpacked, read_some
from imgcls_plugins._wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

CSV_FILE = "a CSV file"  # what is wanted, for messages
BLOCK_BYTES = 8 << 20
HEAD_BYTES = 1 << 20  # what matching looks at
LINE_BYTES = 64 << 20  # a picture of 2,048 x 2,048 in colour fits
# A few kB of gzip can hide gigabytes. Tables of pictures are packed 5 to 50 times, bombs 1,000 times.
UNPACKED_BYTES = 4 << 30
BOMB_BYTES = 64 << 20
BOMB_RATIO = 500

_CELL_BYTES = 4  # three digits and a comma
_GZIP_END_BYTES = 4  # tell how much was packed
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_csv_file(path: Path) -> bool:
    is_named_so = path.name.lower().endswith((".csv", ".csv.gz"))
    return is_named_so and os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a parent is closed


def read_head(path: Path) -> list[bytes]:
    """The whole lines among the first `HEAD_BYTES`; none where the file cannot be read as one."""
    try:
        with open_unpacked(path, CSV_FILE) as file:
            head = file.read(HEAD_BYTES).removeprefix(_BYTE_ORDER_MARK)
            complete = not file.read(1)
    except (DatasetError, OSError, EOFError, zlib.error):
        return []  # matching only looks; reading says what is wrong
    return head.splitlines() if complete else head[: head.rfind(b"\n") + 1].splitlines()


def count_rows(path: Path, cells: int) -> int:
    """At least how many rows of so many whole numbers 0-255 a file holds, as far as its head and its size tell."""
    lengths = [len(line) + 1 for line in read_head(path) if line.strip()]
    if not lengths:
        return 0  # reading says what is wrong with it
    longest = max([_CELL_BYTES * cells, *lengths[1:]])
    # Without the first line, which may be a header.
    return max(0, _measure_unpacked(path) - lengths[0]) // longest


def _measure_unpacked(path: Path) -> int:
    """Bytes that a file unpacks to, at least."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(GZIP_MAGIC)) != GZIP_MAGIC or size < _GZIP_END_BYTES:
            return size
        file.seek(-_GZIP_END_BYTES, os.SEEK_END)
        (last,) = struct.unpack("<I", file.read())
    # Of the last part alone, and without what is beyond 4 GiB; damaged files may end in anything.
    return last if size < last < DEFLATE_RATIO * size else size - size // 100


def read_blocks(
    path: Path, bomb_bytes: int = BOMB_BYTES, bomb_ratio: int = BOMB_RATIO
) -> Iterator[bytes]:
    """Yield the file, unpacked and without a byte-order mark, in blocks that end with a line's end.

    Args:
        path: The file.
        bomb_bytes: What it may unpack to in any case.
        bomb_ratio: How many times its size it may unpack to.

    Raises:
        DatasetError: It is missing, no regular file, damaged, or unpacks to more than
            `UNPACKED_BYTES`, or than `bomb_bytes` and `bomb_ratio` times its size.
    """
    rest, total = b"", 0
    with open_unpacked(path, CSV_FILE) as file:
        while data := read_some(file, BLOCK_BYTES, path):
            rest += data if total else data.removeprefix(_BYTE_ORDER_MARK)
            total += len(data)
            if isinstance(file, gzip.GzipFile):
                packed = file.fileobj.tell()  # type: ignore[union-attr]  # bytes of the file read so far
                _check_unpacked(total, max(bomb_bytes, bomb_ratio * packed), path)
            end = rest.rfind(b"\n") + 1
            if end:
                yield rest[:end]
                rest = rest[end:]
            if len(rest) > LINE_BYTES:
                raise DatasetError(
                    f"{printable(str(path))} has a line of more than {LINE_BYTES >> 20} MiB.\n"
                    "Give a CSV file with one picture a line, and lines that end with a newline."
                )
    if rest:
        yield rest + b"\n"


def _check_unpacked(total: int, allowed: int, path: Path) -> None:
    if total > min(UNPACKED_BYTES, allowed):
        raise DatasetError(
            f"{printable(str(path))} unpacks to {total >> 20:,} MiB and more, like a gzip bomb.\n"
            "If that is right, unpack it with gunzip and give the .csv."
        )
