"""The bytes of a CSV file, packed or not, as blocks of whole lines."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._source_files import open_unpacked, read_some
from imgcls_plugins._wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

CSV_FILE = "a CSV file"  # what is wanted, for messages
BLOCK_BYTES = 8 << 20
HEAD_BYTES = 1 << 20  # what matching looks at
LINE_BYTES = 64 << 20  # a picture of 2,048 x 2,048 in colour fits
UNPACKED_BYTES = 4 << 30  # what a .gz may unpack to: a few kB can hide terabytes

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_csv_file(path: Path) -> bool:
    # Path.is_file raises where a parent is closed to us; matching only looks.
    return path.name.lower().endswith((".csv", ".csv.gz")) and os.path.isfile(path)  # noqa: PTH113


def read_head(path: Path) -> list[bytes]:
    """The whole lines among the first `HEAD_BYTES`; none where the file cannot be read as one."""
    try:
        with open_unpacked(path, CSV_FILE) as file:
            head = file.read(HEAD_BYTES).removeprefix(_BYTE_ORDER_MARK)
            complete = not file.read(1)
    except (DatasetError, OSError, EOFError, zlib.error):
        return []  # matching only looks; reading says what is wrong
    return head.splitlines() if complete else head[: head.rfind(b"\n") + 1].splitlines()


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield the file, unpacked and without a byte-order mark, in blocks that end with a line's end.

    Raises:
        DatasetError: It is missing, no regular file, damaged, or unpacks to more than
            `UNPACKED_BYTES`.
    """
    rest, total = b"", 0
    with open_unpacked(path, CSV_FILE) as file:
        while data := read_some(file, BLOCK_BYTES, path):
            rest += data if total else data.removeprefix(_BYTE_ORDER_MARK)
            total += len(data)
            if isinstance(file, gzip.GzipFile) and total > UNPACKED_BYTES:
                raise DatasetError(
                    f"{printable(str(path))} unpacks to more than {UNPACKED_BYTES >> 30} GiB.\n"
                    "If that is right, unpack it with gunzip and give the .csv."
                )
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
