"""A function over many pictures in a few threads, in order, with only so many in flight."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

_SLICE = 32  # pictures a task, so that tasks cost nothing beside small pictures
_MAX_THREADS = 8  # Pillow lets go of the interpreter while it decodes, our own part does not


def map_in_order(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield `function(item)` for every item, in order; only a few slices of results wait."""
    threads = min(_MAX_THREADS, _count_cores())
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[list[Result]]] = deque()
        try:
            for start in range(0, len(items), _SLICE):
                running.append(pool.submit(_map_slice, function, items[start : start + _SLICE]))
                if len(running) > threads:
                    yield from running.popleft().result()
            while running:
                yield from running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def _count_cores() -> int:
    """Cores that this process may use: in a container, or under taskset, fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _map_slice(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [function(item) for item in items]
