"""Child processes: a fresh Python that runs one function of ours and talks over a pipe.

Unlike `multiprocessing`, nothing of the parent's main module is run again, so that a search works from an
unguarded script or a notebook; and what a plugin or a framework prints goes to a log, never to our stdout.

Child processes live in a process group of their own (Ctrl-C reaches only the parent) and end, with all they have
started in it, when their parent does, even when it is killed (`lifeline.py`).
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.lifeline import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

_START = "import sys; sys.path[:] = {path!r}; from imgcls_automl.processes import run_child; run_child({talk}, {life})"

_KILL_SECONDS = 5.0  # that a killed child is waited for
_LAST_SECONDS = 1.0  # that a child has to end in after it has closed the pipe
# Of 1000: when memory runs out, the kernel is to end a child rather than the parent, which owns the study.
_FIRST_TO_GO = "500"


class ChildDiedError(Exception):
    """The child process ended, or was killed, before it had said everything; `returncode` as of `subprocess`."""

    def __init__(self, returncode: int) -> None:
        super().__init__(describe_exit(returncode))
        self.returncode = returncode


class Child:
    """A running child process.

    Args:
        target: `"package.module:function"`, called in the child as `function(connection, *arguments)`.
        arguments: Small picklable values.
        log: The file that the child's stdout and stderr are appended to; None throws them away.
        environment: Variables set on top of this process's own.
    """

    def __init__(
        self,
        target: str,
        *arguments: Any,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.connection, theirs = Pipe()
        life, self._lifeline = os.pipe()
        code = _START.format(path=sys.path, talk=theirs.fileno(), life=life)
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(log.open("ab")) if log else subprocess.DEVNULL
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(), life),
                process_group=0,
                env={**os.environ, **(environment or {})},
            )
        theirs.close()
        os.close(life)
        self._ending = _watch_ending(self._process.pid)
        # A child that dies at once closes its end; receive() then tells so.
        with contextlib.suppress(BrokenPipeError):
            self.connection.send((target, arguments))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def signs(self) -> list[Any]:
        """What `multiprocessing.connection.wait` tells as ready once there is a message, or the child has ended."""
        # The pipe alone could keep the end a secret: whatever the child has forked holds its other end, too.
        return [self.connection] if self._ending is None else [self.connection, self._ending]

    def has_news(self) -> bool:
        """Whether `receive` would return, or raise, at once."""
        return bool(wait(self.signs, 0))

    def send(self, message: Any) -> None:
        """Send a message; one to a child that is gone raises `ChildDiedError`."""
        try:
            self.connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            raise ChildDiedError(self._wait()) from None

    def receive(self, timeout: float | None = None) -> Any:
        """Wait for the next message.

        Raises:
            TimeoutError: Nothing came within `timeout` seconds.
            ChildDiedError: The child ended without another message, or in the middle of one.
        """
        if not wait(self.signs, timeout):
            raise TimeoutError
        if self._ending is not None and not self.connection.poll():
            raise ChildDiedError(self._wait())
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            raise ChildDiedError(self._wait()) from None

    def stop(self) -> None:
        """End the child and its process group now, whatever they are doing. May be called twice."""
        if self.connection.closed:
            return
        if self._process.poll() is None:
            self._kill()
        self._end_group()
        self.connection.close()
        os.close(self._lifeline)
        if self._ending is not None:
            os.close(self._ending)

    def _wait(self) -> int:
        try:
            return self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:  # it closed the pipe but lives on
            return self._kill()
        finally:
            self._end_group()

    def _kill(self) -> int:
        """Kill the process; returns how it ended, without waiting for ever: a driver or a disk may not let go of it."""
        self._process.kill()
        try:
            return self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            logger.error("Process %d was killed and has not ended; it is left behind.", self.pid)
            return -signal.SIGKILL

    def _end_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # the child has left nobody behind
            os.killpg(self.pid, signal.SIGKILL)


def describe_exit(returncode: int) -> str:
    """Say how a process ended: `"was killed by SIGKILL"`, `"exited with code 3"`."""
    if returncode < 0:
        known = {one.value: one.name for one in signal.Signals}
        return f"was killed by {known.get(-returncode, f'signal {-returncode}')}"
    return f"exited with code {returncode}"


def run_child(talk: int, life: int) -> None:
    """What a child process runs: wait for the target's name and call it."""
    import faulthandler

    end_with_parent(life)
    faulthandler.enable()  # a crash leaves the line it happened in as its last words
    _go_before_the_parent()
    for descriptor in (talk, life):  # no program that the child starts is to inherit them
        os.set_inheritable(descriptor, False)
    connection: Connection[Any, Any] = Connection(talk)
    target, arguments = connection.recv()
    module, _, function = target.partition(":")
    getattr(importlib.import_module(module), function)(connection, *arguments)
    connection.close()


def _go_before_the_parent() -> None:
    """Have the kernel end this process, not the one that owns the study, when memory runs out. Linux only."""
    score = Path("/proc/self/oom_score_adj")
    with contextlib.suppress(OSError):  # not Linux, or a sandbox without it
        score.write_text(_FIRST_TO_GO, encoding="ascii")


def _watch_ending(pid: int) -> int | None:
    """A descriptor that becomes readable when a process ends; None where the system has no such thing."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid)
    return None
