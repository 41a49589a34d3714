"""How much memory a process takes together with all its descendants. Linux only."""

from __future__ import annotations

from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Bytes of a tree of processes.

    Attributes:
        pss: Proportional set size: a page that several processes share counts once. What the benchmarks quote.
        rss: Resident set size: a shared page counts in each process.
        processes: How many were there.
    """

    pss: int
    rss: int
    processes: int


def measure_tree(pid: int) -> MemoryUse:
    """Measure a process and its descendants; those that end meanwhile count nothing."""
    pss = rss = processes = 0
    for process in _list_tree(pid):
        try:
            memory = process.memory_full_info()
        except psutil.NoSuchProcess:  # a zombie is one too
            continue
        pss, rss, processes = pss + memory.pss, rss + memory.rss, processes + 1
    return MemoryUse(pss=pss, rss=rss, processes=processes)


def _list_tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
