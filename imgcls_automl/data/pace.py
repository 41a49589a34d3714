"""How often progress is told: by the clock, so that fast sources cost nothing and slow ones are heard of."""

from __future__ import annotations

import time

EVERY = 0.5  # seconds


class Pace:
    """Says now and then that it is time to tell of progress."""

    def __init__(self) -> None:
        self._due = time.monotonic() + EVERY

    def is_due(self) -> bool:
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = now + EVERY
        return True
