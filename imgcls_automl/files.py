"""Files that are written whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


# A disk that fails, that the system has made read-only, perhaps because it fails, or that is not the user's to write.
REFUSED = (errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)
# No room: on the disk, in the user's quota, under the process's limit on the size of a file.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_FOLDER_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
_NO_ROOM_WORDS = tuple(os.strerror(code) for code in NO_ROOM)


def tells_no_room(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, says that nothing more can be written."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        # Libraries that write themselves, HDF5 for one, give the system's words in errors of their own.
        if getattr(found, "errno", None) in NO_ROOM or any(
            it in str(found) for it in _NO_ROOM_WORDS
        ):
            return True
        found = found.__cause__ or found.__context__
    return False


def as_disk_error(error: BaseException) -> OSError | None:
    """The same in a form that another process can read, where a disk is full, fails or is read-only; else None."""
    if tells_no_room(error):
        return OSError(errno.ENOSPC, str(error))
    if isinstance(error, OSError) and error.errno in (errno.EIO, errno.EROFS) and error.filename:
        return OSError(error.errno, error.strerror, error.filename)
    return None


@contextmanager
def replacing(path: Path, prefix: str = ".writing-") -> Iterator[Path]:
    """Yield a temporary path in the same folder that takes `path`'s place when the block ends well.

    The file is flushed to the disk before it is renamed, so that after a crash `path` holds either what it held
    before or all of the new content. The temporary name begins with `prefix` and keeps `path`'s suffixes, which some
    writers look at.
    """
    descriptor, name = tempfile.mkstemp(
        dir=path.parent, prefix=prefix, suffix="".join(path.suffixes)
    )
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if error.errno is not None and error.filename is None:  # as of writing and flushing
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, before something else is told that its files are there.

    Without it a power cut may take a rename back that came before what another file remembers. Windows knows no such
    thing, and some network mounts do not either.
    """
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_FLUSH:
            error.filename = str(folder)
            raise
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all. NaN and infinities are refused: JSON has none."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV table whole or not at all. Floats keep their shortest exact form; None is an empty cell."""
    write_text(path, format_csv(header, rows))


def format_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
