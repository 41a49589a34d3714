"""The decoded sets and arrays of a cache folder: what each is, how large, when it was used; their removal."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from imgcls_automl.data.cache_use import MARK, claiming, is_used
from imgcls_automl.data.kept_arrays import digest_of, read_images_shape
from imgcls_automl.data.leftovers import REMOVED
from imgcls_automl.errors import ConfigError
from imgcls_automl.files import write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

logger = logging.getLogger(__name__)

ABOUT = "about.json"
SCHEMA_VERSION = 1
_KEY = re.compile(r"[0-9a-f]{32}")  # nothing else in a cache folder is taken for ours
_BLOCK = 512  # bytes, the unit of st_blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a decoded set was made of, kept beside it.

    Attributes:
        fingerprint: Names its content; see `Contents`.
        data: The source as the user named it.
        test_data: The source of its test split, if that was another.
        adapter: The adapter's name.
        pictures: How many.
        image_shape: (height, width, channels).
        created: Seconds since the epoch.
    """

    fingerprint: str
    data: str
    test_data: str | None
    adapter: str
    pictures: int
    image_shape: tuple[int, int, int]
    created: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedSet:
    """A decoded set as it lies in the cache, or arrays that were given in Python.

    Attributes:
        folder: Where; its name is the set's key. Of arrays it is their file.
        about: None for a set of an older version, which nothing finds any more, and for damaged arrays.
        size: Bytes it takes on the disk.
        last_used: Seconds since the epoch.
        in_use: Whether a process uses it right now.
    """

    folder: Path
    about: About | None
    size: int
    last_used: float
    in_use: bool

    @property
    def name(self) -> str:
        """What the user calls it by: its fingerprint, or for want of one its key."""
        return self.about.fingerprint if self.about else self.folder.name


def write_about(folder: Path, about: About) -> None:
    write_json(folder / ABOUT, {"schema_version": SCHEMA_VERSION, **asdict(about)})


def list_sets(cache: Path) -> list[CachedSet]:
    """All decoded sets and arrays, the least recently used first; none where there is no cache yet."""
    if not cache.is_dir():
        return []
    sets = []
    for place in cache.iterdir():
        with contextlib.suppress(FileNotFoundError):  # removed by another process meanwhile
            if _KEY.fullmatch(place.name) and place.is_dir():
                sets.append(_describe(place))
            elif digest_of(place) and place.is_file():
                sets.append(_describe_arrays(place))
    return sorted(sets, key=lambda one: one.last_used)


def find_named(sets: Sequence[CachedSet], names: Iterable[str]) -> list[CachedSet]:
    """Those sets whose names begin with one of `names`.

    Raises:
        ConfigError: A name fits none, or sets that differ.
    """
    found: dict[Path, CachedSet] = {}
    for name in names:
        fitting = [one for one in sets if name and one.name.startswith(name)]
        if len({one.name for one in fitting}) != 1:
            several = "several cached sets begin" if fitting else "no cached set begins"
            raise ConfigError(
                f"{name!r} names no one set: {several} with it.\n"
                "imgcls-automl data cache list shows their fingerprints."
            )
        found |= {one.folder: one for one in fitting}
    return list(found.values())


def remove_sets(sets: Iterable[CachedSet]) -> list[CachedSet]:
    """Remove those sets that nobody uses, and return them."""
    return [one for one in sets if _remove_unused(one.folder)]


def discard(folder: Path) -> None:
    """Take a set or arrays away, used or not; who has mapped the pictures into memory keeps them.

    A folder that is called otherwise is never found: a kill in the middle leaves no half of a set.
    """
    if not folder.is_dir():
        folder.unlink()
        return
    gone = folder.with_name(f"{folder.name}{REMOVED}{os.urandom(4).hex()}")
    folder.replace(gone)
    # Another process may be clearing up, too; what then stays is for the next time.
    shutil.rmtree(gone, ignore_errors=True)


def _remove_unused(folder: Path) -> bool:
    try:
        with claiming(folder) as is_free:
            if is_free:
                discard(folder)
            return is_free
    except FileNotFoundError:  # another process was faster
        return False


def _describe(folder: Path) -> CachedSet:
    states = {path.name: path.stat() for path in folder.iterdir()}
    return CachedSet(
        folder=folder,
        about=_read_about(folder),
        size=sum(state.st_blocks * _BLOCK for state in states.values()),
        last_used=states.get(MARK, folder.stat()).st_mtime,
        in_use=is_used(folder),
    )


def _describe_arrays(path: Path) -> CachedSet:
    state = path.stat()
    return CachedSet(
        folder=path,
        about=_tell_about_arrays(path, state.st_mtime),
        size=state.st_blocks * _BLOCK,
        last_used=max(state.st_atime, state.st_mtime),
        in_use=is_used(path),
    )


def _tell_about_arrays(path: Path, created: float) -> About | None:
    shape = read_images_shape(path)
    if shape is None:
        return None
    height, width, channels = (*shape[1:], 1)[:3]
    return About(
        fingerprint=digest_of(path) or "",
        data="arrays given in Python",
        test_data=None,
        adapter="npz",
        pictures=shape[0],
        image_shape=(height, width, channels),
        created=created,
    )


def _read_about(folder: Path) -> About | None:
    try:
        values = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if values.pop("schema_version") != SCHEMA_VERSION:
            return None
        return About(**{**values, "image_shape": tuple(values["image_shape"])})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.warning("%s cannot be read: %s", folder / ABOUT, error)
        return None
