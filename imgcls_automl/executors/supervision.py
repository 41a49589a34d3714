"""When a worker has to be ended: it shows no progress, takes too long, or takes too much memory.

All times are in seconds. Progress is what the training itself tells, an epoch or a `Pulse` of it: that a process
lives, or that a thread of it still runs, proves nothing about its training.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from imgcls_automl.executors.messages import EpochReport, Pulse, TrialStarted
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.executors.tasks import BaselinesTask, PreviewTask, TrialTask
from imgcls_automl.machine import usable_memory
from imgcls_automl.text import format_bytes

MEMORY_SHARE = 0.9  # of the usable memory, for all workers together
SLEPT = 30.0  # without a look at the workers: the machine was suspended, and so were they

# What a worker goes through with a task, and how it is said that it got stuck there.
BUILDING = "the space's code had not returned after"
STARTING = "its training had made no first step after"
TRAINING = "its training made no progress for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may take. Those of a training grow with what is usual in a search: they end hangs, not the slow.

    Attributes:
        loading: To load its framework and make its space.
        first_build: For the space to draw and build, while no network of this search has been built.
        first_steps: To compile and make first steps (on JAX a whole epoch), while none of it has done so.
        silence: For each of these, and between two signs of progress, once it is known what is usual: `leeway` times
            the longest that was seen, so many seconds at least.
        leeway: See there.
        overtime: Beyond a task's deadline: `overtime_leeway` times the longest silence of its phase, so many seconds at
            least, and at most `overtime_share` of the time between the search's beginning and that deadline.
        overtime_leeway: See there.
        overtime_share: See there.
        trial: For a whole trial; None for `trial_leeway` times the longest one so far, `least_trial` at least.
        trial_leeway: See there.
        least_trial: See there.
        epoch: From one epoch to the next, or to the task's end, however many steps are made meanwhile.
        memory: Bytes a worker may have to itself; None for its share of the machine's.
    """

    loading: float = 600.0
    first_build: float = 900.0
    first_steps: float = 3600.0
    silence: float = 300.0
    leeway: float = 10.0
    overtime: float = 30.0
    overtime_leeway: float = 1.5
    overtime_share: float = 0.1
    trial: float | None = None
    trial_leeway: float = 20.0
    least_trial: float = 3600.0
    epoch: float = 86_400.0
    memory: int | None = None


@dataclass(slots=True)
class Activity:
    """What a worker does: its task, None while it loads; since when, where it stands in it, when it got on last.

    Times are those of `time.monotonic`, but for the deadline, which is in seconds since the epoch. `epoch_began` is
    when the last epoch was told, or the task given. `late` is when the task was first seen beyond its deadline: a
    machine that slept through it leaves the task its overtime.
    """

    task: Any
    deadline: float | None = None
    phase: str = ""
    began: float = field(default_factory=time.monotonic)
    progressed: float = field(default_factory=time.monotonic)
    epoch_began: float = field(default_factory=time.monotonic)
    late: float | None = None

    def __post_init__(self) -> None:
        space_alone = isinstance(self.task, TrialTask | BaselinesTask | PreviewTask)
        self.phase = self.phase or (BUILDING if space_alone else STARTING)

    def forgive(self, seconds: float) -> None:
        """Do not count so many seconds, in which nobody could do anything."""
        self.began += seconds
        self.progressed += seconds
        self.epoch_began += seconds
        self.late = None


class Supervision:
    """Judges what workers do by what is usual among them.

    Args:
        limits: What they may take.
        workers: How many share the machine's memory.
    """

    def __init__(self, limits: Limits, workers: int) -> None:
        self._limits = limits
        self._memory = limits.memory or int(usable_memory() * MEMORY_SHARE / workers)
        self._began = time.time()
        self._longest: dict[str, float] = {}  # by phase
        self._longest_trial: float | None = None

    def note(self, activity: Activity, message: Any) -> None:
        """Learn from a worker's message how far it is, and what is usual."""
        now = time.monotonic()
        if isinstance(message, TrialStarted):
            self._get_on(activity, STARTING, now)
        elif isinstance(message, Pulse | EpochReport):
            self._get_on(activity, TRAINING, now)
            if isinstance(message, EpochReport):
                activity.epoch_began = now
        elif isinstance(message, TrialResult) and message.state in ("complete", "pruned"):
            self._longest_trial = max(self._longest_trial or 0.0, now - activity.began)

    def _get_on(self, activity: Activity, phase: str, now: float) -> None:
        taken = now - activity.progressed
        self._longest[activity.phase] = max(self._longest.get(activity.phase, 0.0), taken)
        activity.phase, activity.progressed = phase, now

    def find_hang(self, activity: Activity) -> str | None:
        """Say why what a worker does has to be ended; None where all is well."""
        now = time.monotonic()
        taken, limits = now - activity.began, self._limits
        if activity.task is None:
            return _exceeds(taken, limits.loading, "it had not loaded its framework after")
        trial_limit = self._trial_limit() if isinstance(activity.task, TrialTask) else None
        if trial_limit is not None and taken > trial_limit:
            return _exceeds(taken, trial_limit, "its trial had not ended after")
        epoch = _exceeds(
            now - activity.epoch_began, limits.epoch, "it had not ended an epoch after"
        )
        silence = now - activity.progressed
        return epoch or _exceeds(silence, self._silence_limit(activity), activity.phase)

    def find_lateness(self, activity: Activity) -> str | None:
        """Say that a task has not ended, long after its deadline; None where it has none, or still has a while."""
        if activity.deadline is None or time.time() <= activity.deadline:
            return None
        now = time.monotonic()
        activity.late = activity.late or now
        overtime = self._overtime(activity.phase, activity.deadline)
        if now - activity.late <= overtime:
            return None
        return f"it did not end {overtime:.0f} s after its time was up"

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

    def _overtime(self, phase: str, deadline: float) -> float:
        """What a training that looks at the clock only now and then, on JAX once an epoch, has to be given."""
        limits = self._limits
        longest = self._longest.get(phase, max(self._longest.values(), default=0.0))
        most = limits.overtime_share * (deadline - self._began)
        return max(limits.overtime, min(limits.overtime_leeway * longest, most))

    def _silence_limit(self, activity: Activity) -> float:
        longest = self._longest.get(activity.phase)
        if longest is None:
            building = activity.phase == BUILDING
            return self._limits.first_build if building else self._limits.first_steps
        return max(self._limits.silence, self._limits.leeway * longest)


def _exceeds(seconds: float, limit: float, words: str) -> str | None:
    return f"{words} {limit:.0f} s" if seconds > limit else None
