"""How a worker shows between epochs that its training goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from imgcls_automl.executors.messages import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable

PULSE_SECONDS = 2.0  # between two pulses, at least


class PulseSender:
    """Called by the training itself after steps, and by predictions after batches; most calls send nothing.

    Args:
        send: Sends a message to the search process.
    """

    def __init__(self, send: Callable[[Any], None]) -> None:
        self._send = send
        self._sent = time.monotonic()

    def __call__(self) -> None:
        """Something has got on."""
        now = time.monotonic()
        if now - self._sent >= PULSE_SECONDS:
            self._sent = now
            self._send(Pulse())
