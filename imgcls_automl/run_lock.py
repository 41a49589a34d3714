"""The lock of a run folder: two processes never write one run."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imgcls_automl.errors import RunFolderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = ".lock"

# What file systems answer that lock nothing, network mounts mostly.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.EIO, errno.ESTALE)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a folder's lock while the block runs.

    It is the operating system's lock on an open file, which ends with its process however that ends: a lock file that a
    killed process has left locks nothing.

    Raises:
        RunFolderError: Another process holds it, or the folder cannot be locked.
    """
    import filelock

    # Never a "soft" lock, which filelock falls back to: a killed process would leave it locked for ever.
    lock = filelock.FileLock(path / LOCK, timeout=0, fallback_to_soft=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise RunFolderError(
            f"{path} is in use by another imgcls-automl.\nWait for it to end, or stop it, and try again."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise RunFolderError(_describe_failure(path, error)) from error
    try:
        yield
    finally:
        lock.release()


def _describe_failure(path: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, NotImplementedError) or getattr(error, "errno", None) in _NO_LOCKS:
        return (
            f"{path} cannot be locked: {reason}. Its file system has no locks, as some network mounts.\n"
            "Put the run folder on a local disk."
        )
    return (
        f"{path} cannot be written: {reason}.\n"
        "Make the run folder writable, or copy it to a disk that is, and resume it there."
    )
