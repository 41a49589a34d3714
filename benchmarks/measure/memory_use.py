"""How much memory a process takes together with all its descendants. Linux only."""

from __future__ import annotations

from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Bytes of a tree of processes.

    Attributes:
        once: What each process has to itself, and the shared pages of the one that has most of them: libraries count
            once. What the benchmarks quote. (The proportional set size would fall by hundreds of MiB while a process
            outside the tree happens to have the same libraries loaded, and rise when that one ends.)
        rss: Resident set size: a shared page counts in each process.
        processes: How many were there.
    """

    once: int
    rss: int
    processes: int


def measure_tree(pid: int) -> MemoryUse:
    """Measure a process and its descendants; those that end meanwhile count nothing."""
    own = shared = rss = processes = 0
    for process in _list_tree(pid):
        try:
            memory = process.memory_full_info()
        except psutil.NoSuchProcess:  # a zombie is one too
            continue
        own, shared = own + memory.uss, max(shared, memory.rss - memory.uss)
        rss, processes = rss + memory.rss, processes + 1
    return MemoryUse(once=own + shared, rss=rss, processes=processes)


def _list_tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
