"""Where decoded sets are kept between runs: found by key, built once, never half there."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.data.cache_use import MARK, is_used
from imgcls_automl.data.cached_sets import ABOUT, discard
from imgcls_automl.data.decoded import (
    CONTENTS,
    DIGESTS,
    IMAGES,
    LABELS,
    SIZES,
    Contents,
    read_contents,
)
from imgcls_automl.data.leftovers import BUILDING, clear_leftovers
from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.reading import Reading
    from imgcls_automl.data.spool import Spool
    from imgcls_automl.registry import PluginInfo

logger = logging.getLogger(__name__)

# Part of every key: raise it whenever the same pictures would be decoded or described differently.
SCHEMA = 6
_TELL_EVERY = 1.0  # seconds, of waiting for another process


def open_cache(cache: Path) -> None:
    """Make sure that the cache folder is there and can be written.

    Raises:
        ConfigError: It cannot be.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            pass
    except OSError as error:
        raise ConfigError(
            f"The cache folder {cache} cannot be written: {error.strerror or error}.\n"
            "Name another one."
        ) from error


def key_of(request: DatasetRequest, adapter: Any, info: PluginInfo, state: str) -> str:
    """Name all that decides a decoded set: sources, adapter and its code, options, size, `state`."""
    # The code itself, because an adapter that is being written changes without changing its version.
    code = getattr(sys.modules[type(adapter).__module__], "__file__", None)
    parts = (
        SCHEMA,
        [_locate(source) for source in request.data],
        _locate(request.test_data),
        (info.name, info.origin, _digest(Path(code).read_bytes()).hexdigest() if code else ""),
        sorted(request.options.items()),
        request.image_size,
        request.resize,
        request.max_pixels,
        state,
    )
    return _digest(repr(parts).encode()).hexdigest()


def fingerprint_reading(reading: Reading, spool: Spool) -> str:
    """Name the state of a source whose adapter cannot: all texts, and pixels, bytes or file dates."""
    digest = _digest()
    for problem in (*reading.problems, *reading.notes):
        digest.update(repr((problem.id, problem.detail)).encode())
    for sample in reading.samples:
        digest.update(repr((sample.id, sample.label, sample.split, sample.group)).encode())
        if isinstance(sample.picture, Path):
            digest.update(_state_of_file(sample.picture))
        else:
            digest.update(repr((sample.picture.shape, sample.picture.dtype)).encode())
            digest.update(spool.read(sample.picture))
    return digest.hexdigest()


def find(cache: Path, key: str) -> Contents | None:
    """A decoded set, if it is there and whole, and would come out the same once more or is in use."""
    folder = cache / key
    if not folder.is_dir():
        return None
    try:
        contents = read_contents(folder)
        return contents if contents.lasting or is_used(folder) else None
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.warning(
            "The decoded pictures in %s are damaged and are made anew: %s", folder, error
        )
        return None


@contextlib.contextmanager
def building(cache: Path, key: str) -> Iterator[Path]:
    """Yield a new folder, to be filled, that becomes the decoded set `key` when the block ends well.

    Build under the set's lock, and only what `find` does not find: then each set is built once.
    """
    with tempfile.TemporaryDirectory(dir=cache, prefix=f"{key}{BUILDING}") as name:
        folder = Path(name)
        (folder / MARK).touch()
        yield folder
        for file in (IMAGES, LABELS, SIZES, DIGESTS, CONTENTS, ABOUT):
            _sync(folder / file)
        if (cache / key).exists():  # damaged, or worth another try
            discard(cache / key)
        folder.chmod(0o755)
        folder.replace(cache / key)
        folder.mkdir()  # for TemporaryDirectory to remove


@contextlib.contextmanager
def locked(cache: Path, key: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of one set, or of arrays; `waiting` is called now and then until it is to be had.

    Before, what killed processes left behind of any set is cleared away.
    """
    from filelock import FileLock, Timeout

    clear_leftovers(cache)
    lock = FileLock(cache / f"{key}.lock")
    while True:
        try:
            lock.acquire(timeout=_TELL_EVERY)
            break
        except Timeout:
            waiting()
    try:
        yield
    finally:
        lock.release()


def _locate(source: str | None) -> str | None:
    # The same relative path means another source in another folder.
    is_path = source is not None and os.path.exists(source)  # noqa: PTH110 - it never raises
    return os.path.realpath(source) if source and is_path else source


def _state_of_file(path: Path) -> bytes:
    try:
        state = path.stat()
    except OSError:
        return repr((str(path), "not there")).encode()
    return repr((str(path), state.st_size, state.st_mtime_ns)).encode()


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _digest(data: bytes = b"") -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=16)
