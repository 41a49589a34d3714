"""Pictures that an adapter hands over as pixels or bytes, kept on disk until they are decoded."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

_BUFFER = 1 << 20  # bytes
STEP_BYTES = 16 << 20  # for which room is made at a time, at most


@dataclass(frozen=True, slots=True)
class Spooled:
    """Where a picture lies in the spool; `shape` is None for the bytes of an encoded file."""

    offset: int
    length: int
    shape: tuple[int, ...] | None
    dtype: str


Reference = Path | Spooled


class Spool:
    """A temporary file that has no name, so that even a killed process leaves nothing behind.

    Pictures are put one after another and got in any order, also from several threads at once.

    Args:
        folder: Where the file is.
        make_room: Called now and then with the bytes that are kept so far, and with how many may
            come before it is called again; raises where there is no room for them. None where the system tells.
    """

    def __init__(self, folder: Path, make_room: Callable[[int, int], None] | None = None) -> None:
        self._make_room = make_room
        self._room = 0  # bytes that were found free, from the file's beginning
        self._file = tempfile.TemporaryFile(dir=folder, buffering=_BUFFER)  # noqa: SIM115
        self._end = 0
        self._flushed = 0

    def put(self, picture: Path | bytes | np.ndarray) -> Reference:
        """Keep a picture; a file stays where it is."""
        if isinstance(picture, Path):
            return picture
        if isinstance(picture, bytes):
            return self._append(picture, None, "")
        return self._append(picture.tobytes(), picture.shape, picture.dtype.str)

    def get(self, reference: Reference) -> Path | bytes | np.ndarray:
        if isinstance(reference, Path):
            return reference
        data = self.read(reference)
        if reference.shape is None:
            return data
        return np.frombuffer(data, dtype=reference.dtype).reshape(reference.shape)

    def read(self, reference: Spooled) -> bytes:
        if self._flushed < self._end:
            self.flush()
        return os.pread(self._file.fileno(), reference.length, reference.offset)

    def flush(self) -> None:
        """Make everything that was put readable. Call it before threads share the spool."""
        self._file.flush()
        self._flushed = self._end

    def _append(self, data: bytes, shape: tuple[int, ...] | None, dtype: str) -> Spooled:
        self._reserve(len(data))
        self._file.write(data)
        spooled = Spooled(self._end, len(data), shape, dtype)
        self._end += len(data)
        return spooled

    def _reserve(self, length: int) -> None:
        if self._make_room is None or self._end + length <= self._room:
            return
        # Twice what is there, so that a small source needs little room, and a large one few looks.
        step = max(length, min(STEP_BYTES, max(_BUFFER, self._end)))
        self._make_room(self._end, step)
        self._room = self._end + step

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
