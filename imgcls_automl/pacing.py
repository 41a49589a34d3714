"""How many epochs of a training fit into the time it has, and where its phases end where not all of them do."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SAFETY = 1.15  # on a measured epoch
RECENT = (
    3  # epochs that tell the pace: one of them that is slow, because it compiles, tells nothing
)
LEAST_SHARE = 0.5  # of the planned epochs: a training brought below loses more than it is worth
FEW = 2  # epochs left: too few to wait and see whether a slow one was an exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """The time that a training has.

    Attributes:
        until: When its last epoch should be over, in seconds since the epoch.
        epoch_seconds: That an epoch is expected to take, as its trial's epochs tell.
        least: Epochs below which the training is not brought: where they do not fit, its deadline cuts it off.
    """

    until: float
    epoch_seconds: float
    least: int = 1

    def count_fitting(self, seconds: Sequence[float], left: int) -> int:
        """How many of the epochs that are left fit into the time, from none to all.

        Args:
            seconds: That each epoch so far took.
            left: Epochs that are planned beyond those.
        """
        pace = measure_pace(self.epoch_seconds, seconds, left)
        fitting = math.floor((self.until - time.time()) / (pace * SAFETY))
        return max(0, min(left, fitting))

    def divide(self, trainings: int) -> Pacing:
        """The same for the first of several trainings that have to share the time."""
        now = time.time()
        return replace(self, until=now + (self.until - now) / trainings)


def find_least(planned: int) -> int:
    """The fewest epochs, of those planned, that a training may be brought to."""
    return math.ceil(LEAST_SHARE * planned)


def measure_pace(expected: float, seconds: Sequence[float], left: int) -> float:
    """Seconds that the next epochs will take, by the latest ones.

    Args:
        expected: Of an epoch, while hardly any has been made.
        seconds: Of each epoch so far.
        left: Epochs still to come.
    """
    pace = median([expected, expected, *seconds][-RECENT:])
    return max(pace, seconds[-1]) if seconds and left <= FEW else pace


def shorten_phases(ends: Sequence[int], done: int, last: int) -> tuple[int, ...]:
    """Bring a training to fewer epochs: what is left of each of its phases shrinks alike.

    Args:
        ends: Epochs after which each phase is planned to end, the training with the last one.
        done: Epochs that have been made.
        last: Epochs after which the training is to end, more than `done`.
    """
    share = (last - done) / (ends[-1] - done)

    def move(end: int) -> int:
        if end <= done:
            return end
        # A phase that others follow leaves them one epoch at least.
        return last if end == ends[-1] else min(done + round((end - done) * share), last - 1)

    return tuple(move(end) for end in ends)


def spread_time(
    durations: Sequence[float], workers: int, *, begin: float, until: float
) -> list[float]:
    """When each of several trainings has to be over, for all of them to be over in time.

    Args:
        durations: Seconds that each is expected to take; they are begun in this order.
        workers: How many are trained at a time.
        begin: When the first is begun, in seconds since the epoch.
        until: When the last has to be over.
    """
    ends = _list_ends(durations, workers)
    total = max(ends, default=0.0) or 1.0
    return [begin + (until - begin) * end / total for end in ends]


def span_trainings(durations: Sequence[float], workers: int) -> float:
    """Seconds from the first training's begin to the last one's end; durations and workers as in `spread_time`."""
    return max(_list_ends(durations, workers), default=0.0)


def _list_ends(durations: Sequence[float], workers: int) -> list[float]:
    """When each training ends, in seconds: each goes to the worker that is free first."""
    free = [0.0] * max(1, workers)
    ends = []
    for seconds in durations:
        worker = free.index(min(free))
        free[worker] += seconds
        ends.append(free[worker])
    return ends
