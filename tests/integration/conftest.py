"""The installed command as a process that can be watched, interrupted and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time

import psutil
import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "/integration/" in str(item.path):
            item.add_marker(pytest.mark.slow)


class Running:
    """A command that runs in a session of its own, as from a terminal; its lines on stderr are kept."""

    def __init__(self, command, environment, cwd):
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, words, timeout=90):
        """Wait until a line holds these words."""
        until = time.monotonic() + timeout
        while not any(words in line for line in self.lines):
            assert self.process.poll() is None, f"it ended without {words!r}: {self.lines}"
            assert time.monotonic() < until, f"no {words!r} in {self.lines}"
            time.sleep(0.02)

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self):
        """End it as the kernel would, and return the children it had."""
        children = self.children()
        self.process.kill()
        self.end()
        return children

    def interrupt(self):
        """Type Ctrl-C; returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.end()

    def end(self, timeout=60):
        code = self.process.wait(timeout)
        self._reader.join(timeout)
        self.process.stderr.close()
        return code

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)


@pytest.fixture(scope="session")
def begin(command, environment):
    """Start the installed command in a folder; what still runs at the end is killed."""
    begun = []

    def begin(*arguments, cwd):
        begun.append(Running([command, *map(str, arguments)], environment, cwd))
        return begun[-1]

    yield begin
    for running in begun:
        if running.process.poll() is None:
            running.kill()
