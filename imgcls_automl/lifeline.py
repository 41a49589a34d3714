"""How a child process ends with its parent, however that ends: it holds the reading end of a pipe of the parent's."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import threading

logger = logging.getLogger(__name__)


def end_with_parent(life: int) -> None:
    """Have this process, and all it starts in its process group, killed as soon as nobody holds the pipe's other end.

    On Linux the kernel does it, in the midst of a long calculation or while the process is stopped. (Unlike
    PR_SET_PDEATHSIG this reaches grandchildren, and does not take the end of a parent's thread for the parent's.)
    Elsewhere a thread does.

    Args:
        life: The reading end of a pipe to which nothing is ever written.
    """
    threading.Thread(target=_wait_for_the_end, args=(life,), daemon=True).start()
    if sys.platform == "linux":
        try:
            fcntl.fcntl(life, fcntl.F_SETOWN, -os.getpgrp())
            fcntl.fcntl(life, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
        except OSError as error:  # a sandbox that knows no such thing; the thread is there
            logger.info("The kernel cannot end this process with its parent: %s.", error)


def _wait_for_the_end(life: int) -> None:
    os.read(life, 1)  # returns at the end of the file: the parent is gone
    os.killpg(os.getpgrp(), signal.SIGKILL)
