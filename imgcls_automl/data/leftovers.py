"""What lies in a cache folder half built or half removed: measured, and cleared once no process works on it."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Behind a set's key or the name of arrays, and before random letters.
BUILDING = ".building-"
REMOVED = ".removed-"
_BLOCK = 512  # bytes, the unit of st_blocks


def measure_unfinished(cache: Path) -> int:
    """Bytes on the disk of all that is half built or half removed, whether a process works on it or not."""
    return sum(map(_measure, (*_list(cache, REMOVED), *_list(cache, BUILDING))))


def clear_leftovers(cache: Path) -> int:
    """Remove what killed processes left half built or half removed; returns the bytes that this freed."""
    from filelock import FileLock, Timeout

    freed = sum(map(_remove, _list(cache, REMOVED)))
    for place in _list(cache, BUILDING):
        key = place.name.partition(".")[0]
        # Nobody builds without the lock: whoever gets it knows that the builder is gone.
        with contextlib.suppress(Timeout), FileLock(cache / f"{key}.lock", blocking=False):
            freed += _remove(place)
    return freed


def _list(cache: Path, mark: str) -> Iterator[Path]:
    return cache.glob(f"*{mark}*")


def _remove(place: Path) -> int:
    """Remove a set's folder or a file of arrays; returns the bytes that it took."""
    size = _measure(place)
    if place.is_dir():
        # Another process may be clearing up, too; what then stays is for the next time.
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
    return size


def _measure(place: Path) -> int:
    size = 0
    with contextlib.suppress(FileNotFoundError):  # finished or removed meanwhile
        for path in (place, *place.rglob("*")):
            size += path.stat().st_blocks * _BLOCK
    return size
