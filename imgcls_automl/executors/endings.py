"""Why a worker process ended, in the words of the record: its signal or code, memory, its last words."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

from imgcls_automl.executors.causes import Failure
from imgcls_automl.executors.messages import WorkerLost
from imgcls_automl.processes import describe_exit
from imgcls_automl.text import format_bytes

if TYPE_CHECKING:
    from pathlib import Path

_TAIL = 64_000  # bytes of a log that are looked through
# Our own lines, which are no words of a dying process.
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ")
# Of faulthandler; the frame that crashed is the first one listed.
_FATAL = re.compile(r"Fatal Python error: (.+)")
_FRAME = re.compile(
    r'Current thread .*most recent call first\):\n  File "(.+)", line (\d+) in (\S+)'
)
_BOILERPLATE = ("Extension modules: ",)


def explain_ending(
    returncode: int, *, used: int, short_of_memory: bool, last_words: str
) -> WorkerLost:
    """Tell how a worker process ended that nobody here has ended.

    Args:
        returncode: As of `subprocess`.
        used: Bytes of memory it had when it was last looked at.
        short_of_memory: Whether the kernel has killed some process for memory since, or `used` was near the limit.
        last_words: As `read_last_words` gives them.
    """
    ending = f"the worker process {describe_exit(returncode)}"
    if returncode == -signal.SIGKILL and short_of_memory:
        return WorkerLost(
            cause=Failure.OUT_OF_MEMORY,
            detail=f"{ending} as memory ran out; it was last seen with {format_bytes(used)}. "
            "Smaller batches, networks or pictures, or fewer --workers take less",
        )
    if last_words:
        ending += f"; its last words: {last_words}"
    cause = Failure.LOST_WORKER if returncode == 0 else Failure.CRASH
    return WorkerLost(cause=cause, detail=ending)


def measure_log(log: Path | None) -> int:
    """Bytes that a log has now: what follows is said later."""
    return log.stat().st_size if log is not None and log.is_file() else 0


def read_last_words(log: Path | None, since: int) -> str:
    """What was printed last, in one line; empty where nothing was.

    A crash inside native code is told with the line of Python that called it.

    Args:
        log: The file that workers' outputs go to.
        since: Where in it to begin, in bytes.
    """
    if log is None or not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(max(since, measure_log(log) - _TAIL))
        said = file.read().decode("utf-8", errors="replace")
    fatal = _FATAL.search(said)
    if fatal is not None:
        frame = _FRAME.search(said, fatal.end())
        where = f' in {frame[3]} (File "{frame[1]}", line {frame[2]})' if frame else ""
        return fatal[1][:100] + where
    lines = (line.strip() for line in reversed(said.splitlines()))
    return next((line for line in lines if _is_said(line)), "")[:300]


def _is_said(line: str) -> bool:
    return bool(line) and not _LOGGED.match(line) and not line.startswith(_BOILERPLATE)
