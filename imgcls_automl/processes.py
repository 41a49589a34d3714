"""Child processes: a fresh Python that runs one function of ours and talks over a pipe.

Unlike `multiprocessing`, nothing of the parent's main module is run again, so that a search works from an
unguarded script or a notebook; and what a plugin or a framework prints goes to a log, never to our stdout.

Child processes live in a process group of their own (Ctrl-C reaches only the parent) and end when their parent
does, even when it is killed: a thread waits on a pipe that only the parent holds open.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
import threading
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_START = "import sys; sys.path[:] = {path!r}; from imgcls_automl.processes import run_child; run_child({talk}, {life})"


class ChildDiedError(Exception):
    """The child process ended, or was killed, before it had said everything."""

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
        # A child that dies at once closes its end; receive() then tells so.
        with contextlib.suppress(BrokenPipeError):
            self.connection.send((target, arguments))

    @property
    def pid(self) -> int:
        return self._process.pid

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
            ChildDiedError: The child ended without another message.
        """
        if timeout is not None and not self.connection.poll(timeout):
            raise TimeoutError
        try:
            return self.connection.recv()
        except (EOFError, ConnectionResetError):
            raise ChildDiedError(self._wait()) from None

    def stop(self) -> None:
        """End the child now, whatever it is doing. May be called twice."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if not self.connection.closed:
            self.connection.close()
            os.close(self._lifeline)

    def _wait(self) -> int:
        try:
            return self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it closed the pipe but lives on
            self._process.kill()
            return self._process.wait()


def describe_exit(returncode: int) -> str:
    """Say how a process ended: `"was killed by SIGKILL"`, `"exited with code 3"`."""
    if returncode < 0:
        import signal

        return f"was killed by {signal.Signals(-returncode).name}"
    return f"exited with code {returncode}"


def run_child(talk: int, life: int) -> None:
    """What a child process runs: wait for the target's name and call it."""
    threading.Thread(target=_exit_with_parent, args=(life,), daemon=True).start()
    connection: Connection[Any, Any] = Connection(talk)
    target, arguments = connection.recv()
    module, _, function = target.partition(":")
    getattr(importlib.import_module(module), function)(connection, *arguments)
    connection.close()


def _exit_with_parent(life: int) -> None:
    os.read(life, 1)  # returns at the end of the file: the parent is gone
    os._exit(0)
