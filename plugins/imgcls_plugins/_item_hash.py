"""A hash over what an adapter yields, where pictures are files that are not read for it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import Problem, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable


def hash_items(items: Iterable[Sample | Problem]) -> str:
    """Hash all texts, and of each picture's file the place, size and times, not its content."""
    digest = hashlib.blake2b(digest_size=16)
    for item in items:
        state: tuple[object, ...] = (item.id,)
        if isinstance(item, Problem):
            state += (item.detail,)
        elif isinstance(item.image, Path):
            state += (item.label, item.split, item.group, str(item.image))
            state += _file_state(item.image)
        digest.update(repr(state).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _file_state(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError as error:  # gone since it was listed: another state than any that it had
        return (error.errno or 0,)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
