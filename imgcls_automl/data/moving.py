"""Moving files so that nothing is ever overwritten or lost, across file systems too, several at a time."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.data.threads import map_in_order
from imgcls_automl.files import flush_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What file systems answer that make no second name for a file: the target lies on another one, or it has none.
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


_AT_A_TIME = 8  # files a task: a copy to another file system may take seconds
_renaming = threading.Lock()


def move_files(moves: Sequence[tuple[Path, Path]]) -> list[OSError | None]:
    """Move regular files, or links as the links that they are, to names that are free; their folders are there.

    The new names of all are on the disk before the first old one is taken away. Killed in between, it leaves files
    under both names, never under none; moving again ends it.

    Args:
        moves: From where and to where.

    Returns:
        For each file why it cannot be moved and is where it was, None where it was moved. It is a FileExistsError where
        the target is there, and is not the same as the source.

    Raises:
        OSError: The disk does not keep the names; all files are under one of theirs, or under both.
    """
    errors = list(map_in_order(_name_anew, moves, at_a_time=_AT_A_TIME))
    _flush_folders(target.parent for _, target in moves)
    sources = [source for source, _ in moves]
    named = list(zip(sources, errors, strict=True))
    errors = list(map_in_order(_drop_name, named, at_a_time=_AT_A_TIME))
    _flush_folders(source.parent for source in sources)
    return errors


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's content; of a link, that of the path it holds. Raises OSError."""
    if path.is_symlink():
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def are_same(left: Path, right: Path) -> bool:
    """Whether two names are of one file, or of two with the same content. Raises OSError."""
    if os.path.samestat(left.lstat(), right.lstat()):
        return True
    return left.is_symlink() == right.is_symlink() and hash_file(left) == hash_file(right)


def _name_anew(move: tuple[Path, Path]) -> OSError | None:
    source, target = move
    try:
        if os.path.lexists(target):
            if not are_same(source, target):
                return _taken(target)
        elif not _link(source, target):
            _copy(source, target)
    except OSError as error:
        return error
    return None


def _drop_name(named: tuple[Path, OSError | None]) -> OSError | None:
    """Take a file's old name away, unless it has no new one."""
    source, error = named
    if error is None:
        try:
            source.unlink()
        except OSError as refused:
            return refused
    return error


def _taken(target: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def _link(source: Path, target: Path) -> bool:
    """Give a file a second name, which, unlike renaming, never overwrites; False where that cannot be."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".moving-")
    temporary = Path(name)
    try:
        with open(descriptor, "wb") as copy, source.open("rb") as file:  # noqa: PTH123 - no path
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(source, temporary)
        if hash_file(temporary) != hash_file(source):
            raise OSError(errno.EIO, "the copy differs from the original", str(source))
        if not _link(temporary, target):
            _rename(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _rename(temporary: Path, target: Path) -> None:
    # Two names that differ by case may be one name there.
    with _renaming:
        if os.path.lexists(target):
            raise _taken(target)
        temporary.rename(target)


def _flush_folders(folders: Iterable[Path]) -> None:
    for _ in map_in_order(flush_folder, list(dict.fromkeys(folders)), at_a_time=_AT_A_TIME):
        pass
