"""Arrays of Python callers as they lie in the cache folder: a file each, named after its content."""

from __future__ import annotations

import logging
import re
import zipfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.data.cache_use import using
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

logger = logging.getLogger(__name__)

_IMAGES = "images"  # the pictures' name in the file, beside their labels
_NAME = re.compile(r"arrays-([0-9a-f]{16})(?:-white(\d+))?\.npz")


def place_arrays(cache: Path, digest: str, white: int | None) -> Path:
    """The file for arrays whose content has a digest of 16 hexadecimal digits.

    Its name, which a run's record has, too, says what white is where the arrays' kind alone does not:
    `"arrays-3f2a...-white1.npz"` of floats 0-1.
    """
    return cache / (
        f"arrays-{digest}.npz" if white is None else f"arrays-{digest}-white{white}.npz"
    )


def white_of(path: Path) -> int | None:
    """What white is in a file of arrays, by its name; None where that does not say, and for any other file."""
    found = _NAME.fullmatch(path.name)
    return int(found[2]) if found and found[2] else None


def digest_of(path: Path) -> str | None:
    """The digest in the name of a file of arrays; None for any other file."""
    found = _NAME.fullmatch(path.name)
    return found and found[1]


def read_images_shape(path: Path) -> tuple[int, ...] | None:
    """The shape of the pictures in a file of arrays, from its header; None where it is damaged."""
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{_IMAGES}.npy") as file:
            np.lib.format.read_magic(file)
            shape: tuple[int, ...] = np.lib.format.read_array_header_1_0(file)[0]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        logger.warning("The arrays in %s are damaged: %s", path, error)
        return None
    return shape


@contextmanager
def using_arrays(sources: Iterable[str]) -> Iterator[None]:
    """Keep those sources that are arrays in the cache from being removed while the block runs.

    Raises:
        DatasetError: They were removed, and only who gave them has them.
    """
    with ExitStack() as held:
        for path in map(Path, sources):
            if digest_of(path) is None:
                continue
            try:
                held.enter_context(using(path))
            except FileNotFoundError as error:
                raise DatasetError(
                    f"The arrays that were given in Python are no longer in the cache: {path} is gone.\n"
                    "Begin a search with the same arrays and cache folder, which keeps them under that "
                    "name again; then run this once more."
                ) from error
            except PermissionError:  # another user's, whom a lock would not keep from removing it
                logger.info("%s cannot be locked; it is read as it lies", path)
        yield
