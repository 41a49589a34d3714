"""What a source holds of a picture: a file's bytes or an array's pixels, read once and named by a digest."""

from __future__ import annotations

import hashlib
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.data.opening import unreadable_if_it_fails

if TYPE_CHECKING:
    import numpy as np

_WHOLE_BYTES = 1 << 24  # larger files are read piece by piece, twice

_new_digest = partial(hashlib.blake2b, digest_size=16)


def read_once(picture: Path | bytes | np.ndarray) -> Path | bytes | np.ndarray:
    """A file's bytes, so that digest and decoder need not both open it; a large file, or what is none, as it is.

    Raises:
        UnreadableImageError: The file cannot be read.
    """
    if not isinstance(picture, Path):
        return picture
    with unreadable_if_it_fails():
        state = picture.stat()
        is_small = stat.S_ISREG(state.st_mode) and state.st_size <= _WHOLE_BYTES
        return picture.read_bytes() if is_small else picture


def digest_content(picture: Path | bytes | np.ndarray) -> bytes:
    """16 bytes that tell what a picture's source holds, whatever it is called and however it is decoded.

    Raises:
        UnreadableImageError: The file cannot be read.
    """
    if not isinstance(picture, Path):
        return _new_digest(picture if isinstance(picture, bytes) else picture.data).digest()
    with unreadable_if_it_fails(), picture.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, _new_digest).digest()
