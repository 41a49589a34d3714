"""Which decoded sets are in use: told by locks that end with their process, however it ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = "used"  # the file in a set's folder that is locked; its date is that of the last use


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Keep a decoded set from being removed while the block runs, and note that it is used now.

    Raises:
        FileNotFoundError: It was removed a moment ago.
    """
    mark = folder / MARK
    with mark.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        # Whoever removes a set takes its folder away under the lock that was waited for here.
        if not os.path.samestat(os.fstat(file.fileno()), mark.stat()):
            raise FileNotFoundError(mark)
        os.utime(file.fileno())
        yield


@contextmanager
def claiming(folder: Path) -> Iterator[bool]:
    """Yield whether nobody uses a decoded set, and see to it that nobody begins to meanwhile.

    Raises:
        FileNotFoundError: It is gone.
    """
    mark = folder / MARK
    if folder.is_dir() and not mark.exists():
        yield True  # of an older version: nothing finds it any more
        return
    with mark.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_used(folder: Path) -> bool:
    """Whether a process uses a decoded set right now. Raises FileNotFoundError where it is gone."""
    with claiming(folder) as is_free:
        return not is_free
