"""A function over many pictures in a few threads, in order, with only so many in flight."""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

_SLICE = 32  # pictures a task, so that tasks cost nothing beside small pictures
_MAX_THREADS = 8  # Pillow lets go of the interpreter while it decodes, our own part does not
_WATCHED = 256  # items whose waiting is judged together: several milliseconds


def map_in_order(
    function: Callable[[Item], Result], items: Sequence[Item], *, at_a_time: int = _SLICE
) -> Iterator[Result]:
    """Yield `function(item)` for every item, in order; only a few slices, of `at_a_time` results, wait."""
    threads = min(_MAX_THREADS, _count_cores())
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[list[Result]]] = deque()
        try:
            for start in range(0, len(items), at_a_time):
                running.append(pool.submit(_map_slice, function, items[start : start + at_a_time]))
                if len(running) > threads:
                    yield from running.popleft().result()
            while running:
                yield from running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def map_reads(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield `function(item)` for every item, in order: in threads from where it mostly waits, for a disk or a network.

    While what it reads lies in memory already, threads would only take turns at the interpreter, and be slower.
    """
    for start in range(0, len(items), _WATCHED):
        end = start + _WATCHED
        began, busy = time.perf_counter(), time.thread_time()
        results = _map_slice(function, items[start:end])
        waited = time.perf_counter() - began > 2 * (time.thread_time() - busy)
        yield from results
        if waited:
            yield from map_in_order(function, items[end:])
            return


def _count_cores() -> int:
    """Cores that this process may use: in a container, or under taskset, fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _map_slice(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [function(item) for item in items]
