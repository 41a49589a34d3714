"""A hash over what an adapter yields, where pictures are files that are not read for it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import Problem, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable


def hash_items(items: Iterable[Sample | Problem]) -> str:
    """Hash all texts, and of each picture's file the place, size and times, not its content."""
    return hash_states(map(_state_of, items))


def hash_states(states: Iterable[tuple[object, ...]]) -> str:
    """Hash what is known of each item, as text."""
    digest = hashlib.blake2b(digest_size=16)
    for state in states:
        digest.update(repr(state).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def file_state(place: str | Path) -> tuple[int, ...]:
    """A file's size and times."""
    try:
        status = os.stat(place)  # noqa: PTH116 - a Path each is slow
    except OSError as error:  # gone since it was listed: another state than any that it had
        return (error.errno or 0,)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _state_of(item: Sample | Problem) -> tuple[object, ...]:
    if isinstance(item, Problem):
        return (item.id, item.detail)
    if not isinstance(item.image, Path):
        return (item.id,)
    described = (item.id, item.label, item.split, item.group, str(item.image))
    return described + file_state(item.image)
