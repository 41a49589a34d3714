"""Which decoded sets and kept arrays are in use: told by locks that end with their process, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = "used"  # the file in a set's folder that is locked; its date is that of the last use


@contextmanager
def using(place: Path) -> Iterator[None]:
    """Keep a decoded set, or arrays, from being removed while the block runs, and note that they are used now.

    Args:
        place: A set's folder, or a file of arrays, which is locked itself.

    Raises:
        FileNotFoundError: It was removed a moment ago.
    """
    mark = _mark_of(place)
    with mark.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        # Whoever removes a set takes its folder away under the lock that was waited for here.
        state = os.fstat(file.fileno())
        if not os.path.samestat(state, mark.stat()):
            raise FileNotFoundError(mark)
        written = state.st_mtime_ns if mark == place else time.time_ns()  # arrays keep their date
        os.utime(file.fileno(), ns=(time.time_ns(), written))
        yield


@contextmanager
def claiming(place: Path) -> Iterator[bool]:
    """Yield whether nobody uses a decoded set, or arrays, and see to it that nobody begins to meanwhile.

    Raises:
        FileNotFoundError: It is gone.
    """
    mark = _mark_of(place)
    if place.is_dir() and not mark.exists():
        yield True  # of an older version: nothing finds it any more
        return
    with mark.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_used(place: Path) -> bool:
    """Whether a process uses a decoded set, or arrays, right now. Raises FileNotFoundError where it is gone."""
    with claiming(place) as is_free:
        return not is_free


def _mark_of(place: Path) -> Path:
    return place / MARK if place.is_dir() else place
