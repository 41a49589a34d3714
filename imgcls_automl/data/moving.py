"""Moving single files so that nothing is ever overwritten or lost, across file systems too."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

# What file systems answer that make no second name for a file: the target lies on another one, or it has none.
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def move_file(source: Path, target: Path) -> None:
    """Move a regular file, or a link as the link that it is, to a name that is free; its folder is there.

    Killed in between, it leaves the file under both names, never under none; moving again ends it.

    Raises:
        FileExistsError: The target is there, and is not the same as the source.
        OSError: It cannot be moved; it is where it was.
    """
    if os.path.lexists(target):
        if not _are_same(source, target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    elif not _link(source, target):
        _copy(source, target)
    _sync_folder(target.parent)
    source.unlink()
    _sync_folder(source.parent)


def hash_file(path: Path) -> str:
    """The SHA-256 of a file's content; of a link, that of the path it holds. Raises OSError."""
    if path.is_symlink():
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _are_same(left: Path, right: Path) -> bool:
    if os.path.samestat(left.lstat(), right.lstat()):
        return True
    return left.is_symlink() == right.is_symlink() and hash_file(left) == hash_file(right)


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
            temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
