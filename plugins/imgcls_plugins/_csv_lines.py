"""The bytes of a CSV file, packed or not, as blocks of whole lines."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_BYTES = 8 << 20
HEAD_BYTES = 1 << 20  # what matching looks at
LINE_BYTES = 64 << 20  # a picture of 2,048 x 2,048 in colour fits
# A few kB of gzip can hide gigabytes. Tables of pictures are packed 5 to 50 times, bombs 1,000 times.
UNPACKED_BYTES = 4 << 30
BOMB_BYTES = 64 << 20
BOMB_RATIO = 500

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_csv_file(path: Path) -> bool:
    # Path.is_file raises where a parent is closed to us; matching only looks.
    return path.name.lower().endswith((".csv", ".csv.gz")) and os.path.isfile(path)  # noqa: PTH113


def read_head(path: Path) -> list[bytes]:
    """The whole lines among the first `HEAD_BYTES`; none where the file cannot be read as one."""
    try:
        with _open(path) as file:
            head = file.read(HEAD_BYTES).removeprefix(_BYTE_ORDER_MARK)
            complete = not file.read(1)
    except (DatasetError, OSError, EOFError, zlib.error):
        return []  # matching only looks; reading says what is wrong
    return head.splitlines() if complete else head[: head.rfind(b"\n") + 1].splitlines()


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield the file, unpacked and without a byte-order mark, in blocks that end with a line's end.

    Raises:
        DatasetError: It is missing, no regular file, damaged, or unpacks to more than
            `UNPACKED_BYTES`, or than `BOMB_BYTES` and `BOMB_RATIO` times its size.
    """
    rest, total = b"", 0
    with _open(path) as file:
        while data := _read(file, path):
            rest += data if total else data.removeprefix(_BYTE_ORDER_MARK)
            total += len(data)
            if isinstance(file, gzip.GzipFile):
                _check_unpacked(total, file, path)
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


def hash_files(paths: list[Path]) -> str:
    """Hash the names and the content, as it lies on the disk, of files.

    Raises:
        DatasetError: One cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        _check_regular(path)
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "blake2b").hexdigest()
        except OSError as error:
            raise _unreadable(path, error) from error
        digest.update(repr((path.name, content)).encode())
    return digest.hexdigest()


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    _check_regular(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    with file:
        packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                yield unpacked
        else:
            yield file


def _check_unpacked(total: int, file: gzip.GzipFile, path: Path) -> None:
    packed = file.fileobj.tell()  # type: ignore[union-attr]  # bytes of the file read so far
    if total > min(UNPACKED_BYTES, max(BOMB_BYTES, BOMB_RATIO * packed)):
        raise DatasetError(
            f"{printable(str(path))} unpacks to {total >> 20:,} MiB and more, like a gzip bomb.\n"
            "If that is right, unpack it with gunzip and give the .csv."
        )


def _check_regular(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise DatasetError(
            f"There is no file {printable(str(path))}.\nCheck the path given as the data."
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        kind = "folder" if stat.S_ISDIR(mode) else "pipe or a device"
        raise DatasetError(
            f"{printable(str(path))} is a {kind}, but a CSV file is wanted.\n"
            "Give a .csv or .csv.gz file; for a folder of pictures use --adapter folder."
        )


def _read(file: IO[bytes] | gzip.GzipFile, path: Path) -> bytes:
    try:
        return file.read(BLOCK_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(
            f"{printable(str(path))} is a damaged gzip file: {error}.\n"
            "Download or pack it again; gzip -t tests it."
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> DatasetError:
    return DatasetError(
        f"{printable(str(path))} cannot be read: {error.strerror}.\nCheck its permissions."
    )
