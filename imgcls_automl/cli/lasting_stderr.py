"""A stderr that may go away, as under `2>&1 | head` or with its terminal: what is said then is lost, and no more."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typing import TextIO

_GONE = (errno.EPIPE, errno.EIO)  # nobody reads the pipe any more; the terminal was closed


def lasting_stderr() -> TextIO:
    """stderr as it is now, or nothing where the process was started without one."""
    nowhere = None if sys.stderr else Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    return cast("TextIO", LastingStream(nowhere or sys.stderr))


class LastingStream:
    """A text stream like another one, until nobody reads that any more; then what is written goes nowhere.

    Raises:
        OSError: From `write` and `flush`, for any other reason, a full disk perhaps.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if error.errno not in _GONE:
            raise error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())  # what it still holds goes there, too
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
