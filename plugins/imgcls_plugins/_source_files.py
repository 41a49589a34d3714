"""Regular files that a user named: opened, unpacked where they are packed, hashed; pipes refused."""

from __future__ import annotations

import gzip
import hashlib
import stat
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Opened = IO[bytes] | gzip.GzipFile

# A few kB of gzip can hide gigabytes. Pictures are packed 2 to 50 times, bombs 1,000 times.
BOMB_BYTES = 1 << 30
BOMB_RATIO = 500
DEFLATE_RATIO = 1_032  # of zeros; no content is packed better, by gzip or zip
GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_unpacked(path: Path, wanted: str) -> Iterator[Opened]:
    """Open a file for reading; one that gzip has packed, told by its content, is unpacked.

    Args:
        path: The file.
        wanted: What is looked for, for messages: `"a CSV file"`.

    Raises:
        DatasetError: It is missing, no regular file, or may not be read.
    """
    check_regular(path, wanted)
    try:
        file = path.open("rb")
    except OSError as error:
        raise describe_unreadable(path, error) from error
    with file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        file.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                yield unpacked
        else:
            yield file


def read_some(file: Opened, size: int, path: Path) -> bytes:
    """Read up to `size` bytes; fewer only at the end. Raises DatasetError."""
    try:
        return file.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(
            f"{printable(str(path))} is a damaged gzip file: {error}.\n"
            "Download or pack it again; gzip -t tests it."
        ) from error
    except OSError as error:
        raise describe_unreadable(path, error) from error


def hash_files(paths: list[Path], wanted: str) -> str:
    """Hash the names and the content, as it lies on the disk, of files.

    Raises:
        DatasetError: One cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        check_regular(path, wanted)
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "blake2b").hexdigest()
        except OSError as error:
            raise describe_unreadable(path, error) from error
        digest.update(repr((path.name, content)).encode())
    return digest.hexdigest()


def refuse_bomb(packed: int, unpacked: int, place: str, remedy: str) -> None:
    """Refuse what is hardly pictures but would fill the disk: before it is unpacked.

    Args:
        packed: Bytes on the disk.
        unpacked: Bytes that these are said to become.
        place: What it is, for the message.
        remedy: How to give it unpacked, for the message.

    Raises:
        DatasetError: It becomes more than `BOMB_BYTES`, and more than `BOMB_RATIO` times as large.
    """
    if unpacked > max(BOMB_BYTES, BOMB_RATIO * packed):
        raise DatasetError(
            f"{place} unpacks from {packed:,} bytes to {unpacked >> 20:,} MiB, like a bomb.\n"
            f"If that is right, {remedy}."
        )


def check_regular(path: Path, wanted: str) -> None:
    """Raise DatasetError where there is no regular file: opening a pipe would wait for ever."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise DatasetError(
            f"There is no file {printable(str(path))}.\nCheck the path given as the data."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise describe_unreadable(path, error) from error
    if not stat.S_ISREG(mode):
        kind = "folder" if stat.S_ISDIR(mode) else "pipe or a device"
        raise DatasetError(
            f"{printable(str(path))} is a {kind}, but {wanted} is wanted.\n"
            f"Give {wanted}; for a folder of pictures use --adapter folder."
        )


def describe_unreadable(path: Path, error: OSError | ValueError) -> DatasetError:
    reason = error.strerror if isinstance(error, OSError) else error
    return DatasetError(f"{printable(str(path))} cannot be read: {reason}.\nCheck its permissions.")
