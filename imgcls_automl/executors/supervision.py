"""When a worker has to be ended: it shows no progress, takes too long, or takes too much memory.

All times are in seconds. Progress is what the training itself tells, an epoch or a `Pulse` of it: that a process
lives, or that a thread of it still runs, proves nothing about its training.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from imgcls_automl.executors.messages import EpochReport, Pulse, TrialTask
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.machine import usable_memory
from imgcls_automl.text import format_bytes

MEMORY_SHARE = 0.9  # of the usable memory, for all workers together
SLEPT = 30.0  # without a look at the workers: the machine was suspended, and so were they


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may take. Those of a training grow with what is usual in this search: they end hangs, not the slow.

    Attributes:
        loading: To load its framework and make its space.
        first_opening: From a task's start to its first progress, in which a network is built and compiled, while no
            task is known to have got there.
        opening: The same at least, once some have; `leeway` times the longest of them where that is more.
        silence: Between two signs of progress at least; `leeway` times the longest that was seen where that is more.
        leeway: See there.
        overtime: Beyond a task's deadline.
        trial: For a whole trial; None for `trial_leeway` times the longest one so far, `least_trial` at least.
        trial_leeway: See there.
        least_trial: See there.
        memory: Bytes a worker may have to itself; None for its share of the machine's.
    """

    loading: float = 600.0
    first_opening: float = 900.0
    opening: float = 300.0
    silence: float = 180.0
    leeway: float = 10.0
    overtime: float = 30.0
    trial: float | None = None
    trial_leeway: float = 20.0
    least_trial: float = 3600.0
    memory: int | None = None


@dataclass(slots=True)
class Activity:
    """What a worker does: its task, None while it loads; since when, and when it last showed progress.

    Times are those of `time.monotonic`; `progressed` is None before the first progress.
    """

    task: Any
    began: float
    deadline: float | None = None
    progressed: float | None = None


class Supervision:
    """Judges what workers do by what is usual among them.

    Args:
        limits: What they may take.
        workers: How many share the machine's memory.
    """

    def __init__(self, limits: Limits, workers: int) -> None:
        self._limits = limits
        self._memory = limits.memory or int(usable_memory() * MEMORY_SHARE / workers)
        self._longest_opening: float | None = None
        self._longest_silence: float | None = None
        self._longest_trial: float | None = None

    def note(self, activity: Activity, message: Any) -> None:
        """Learn from a worker's message what is usual."""
        now = time.monotonic()
        if isinstance(message, Pulse | EpochReport):
            if activity.progressed is None:
                self._longest_opening = max(self._longest_opening or 0.0, now - activity.began)
            else:
                silence = now - activity.progressed
                self._longest_silence = max(self._longest_silence or 0.0, silence)
            activity.progressed = now
        elif isinstance(message, TrialResult) and message.state in ("complete", "pruned"):
            self._longest_trial = max(self._longest_trial or 0.0, now - activity.began)

    def find_hang(self, activity: Activity) -> str | None:
        """Say why what a worker does has to be ended; None where all is well."""
        now = time.monotonic()
        taken = now - activity.began
        if activity.task is None:
            return _exceeds(taken, self._limits.loading, "it had not loaded its framework after")
        if (
            activity.deadline is not None
            and time.time() > activity.deadline + self._limits.overtime
        ):
            return f"it did not end {self._limits.overtime:.0f} s after its time was up"
        if isinstance(activity.task, TrialTask) and (limit := self._trial_limit()) is not None:
            trial = _exceeds(taken, limit, "its trial had not ended after")
            if trial is not None:
                return trial
        if activity.progressed is None:
            return _exceeds(taken, self._opening_limit(), "it had made no progress after")
        return _exceeds(now - activity.progressed, self._silence_limit(), "it made no progress for")

    def find_excess(self, used: int) -> str | None:
        """Say that a worker takes more memory, in bytes, than it may; None where it does not."""
        if used <= self._memory:
            return None
        return f"it took {format_bytes(used)} of memory, more than its share of {format_bytes(self._memory)}"

    def was_short_of_memory(self, used: int) -> bool:
        """Whether a worker that was last seen with so many bytes may have died of them."""
        return used > self._memory / 2

    def _trial_limit(self) -> float | None:
        if self._limits.trial is not None or self._longest_trial is None:
            return self._limits.trial
        return max(self._limits.least_trial, self._limits.trial_leeway * self._longest_trial)

    def _opening_limit(self) -> float:
        if self._longest_opening is None:
            return self._limits.first_opening
        return max(self._limits.opening, self._limits.leeway * self._longest_opening)

    def _silence_limit(self) -> float:
        if self._longest_silence is None:
            return self._opening_limit()
        return max(self._limits.silence, self._limits.leeway * self._longest_silence)


def _exceeds(seconds: float, limit: float, words: str) -> str | None:
    return f"{words} {limit:.0f} s" if seconds > limit else None
