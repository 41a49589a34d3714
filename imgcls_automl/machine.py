"""What this machine lets us use: processor cores and memory, control groups respected. Full figures on Linux only."""

from __future__ import annotations

import math
import os
import time
from functools import cache
from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
_SAMPLE_SECONDS = 0.1  # of calculation: several turns of a processor that others want, too


def usable_cores() -> int:
    """Processor cores this process may use, at least 1."""
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    quota, _, period = _read(_find_cgroup("cpu") / "cpu.max").partition(" ")
    if not quota.isdigit() or not period.strip().isdigit():
        return allowed
    return max(1, min(allowed, math.ceil(int(quota) / int(period))))


def usable_memory() -> int:
    """Bytes this process and its children may use: the machine's memory, or their control group's share if less."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    folder = _find_cgroup("memory")
    limits = [
        _read(parent / name)
        for parent in (folder, *folder.parents)
        if parent.is_relative_to(CGROUPS)
        for name in ("memory.max", "memory.limit_in_bytes")  # of the second and the first version
    ]
    return min([total, *(int(limit) for limit in limits if limit.isdigit())])


def memory_in_use(pid: int) -> int:
    """Bytes of memory that a process has to itself, mapped files not counted; 0 where the system does not tell."""
    pages = _read(PROC / str(pid) / "statm").split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE") if pages else 0


def count_memory_kills() -> int:
    """How many processes the kernel has killed since it started because memory ran out."""
    lines = (line.split() for line in _read(PROC / "vmstat").splitlines())
    return next((int(count) for name, count in lines if name == "oom_kill"), 0)


@cache
def _find_cgroup(controller: str) -> Path:
    """The folder of this process's control group, in which a controller's files are."""
    for line in _read(PROC / "self" / "cgroup").splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return CGROUPS / controller / path.lstrip("/")
        if not names and (CGROUPS / "cgroup.controllers").is_file():
            return CGROUPS / path.lstrip("/")
    return CGROUPS


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:  # no such file on this system, or its process has just ended
        return ""


def measure_crowding() -> float:
    """How many times longer than where nothing else runs a calculation takes now; 1 where nothing does."""
    begun, computed = time.monotonic(), time.thread_time()
    while time.thread_time() - computed < _SAMPLE_SECONDS:
        sum(range(1000))
    return max(1.0, (time.monotonic() - begun) / _SAMPLE_SECONDS)
