"""What a search costs beside its trainings: the search process's share of a core, memory, a second worker's gain."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]
from measure.memory_use import measure_tree
from measure.record import MIB

from disasters.scene import BEGINS

if TYPE_CHECKING:
    from disasters.scene import Command, Scene

LOOK_EVERY = 0.25  # seconds
FIRST = 20  # trials, after which memory is to rise no higher


def compare_workers(scene: Scene, trials: int) -> dict[str, Any]:
    """Seconds that one and two workers take for the same number of trials, from the first to the last."""
    seconds, wrong_exit = {}, 0
    for workers in (1, 2):
        name = f"workers-{workers}"
        command = scene.search(name, trials, "--workers", str(workers))
        command.wait_for(BEGINS)
        begun = time.monotonic()
        command.wait_for(" has won")
        seconds[workers] = time.monotonic() - begun
        wrong_exit += command.wait() != 0
    return {
        "trials": trials,
        "wrong_exit": wrong_exit,
        "one_worker_seconds": seconds[1],
        "two_workers_seconds": seconds[2],
        "ratio": seconds[2] / seconds[1],
    }


def watch_search(scene: Scene, trials: int) -> dict[str, Any]:
    """CPU and memory of the search process, and the memory of all, over many small trials."""
    command = scene.search("watched", trials)
    command.wait_for(BEGINS)
    process = psutil.Process(command.process.pid)
    begun, before = time.monotonic(), _cpu_seconds(process)
    resident, readings = 0, []
    spent, elapsed = 0.0, 1.0
    while command.process.poll() is None and " has won" not in command.read():
        try:
            resident = max(resident, process.memory_info().rss)
            spent, elapsed = _cpu_seconds(process) - before, time.monotonic() - begun
        except psutil.NoSuchProcess:
            break
        readings.append((_count_trials(command), measure_tree(command.process.pid).once))
        time.sleep(LOOK_EVERY)
    code = command.wait()
    early = max((use for number, use in readings if number <= min(FIRST, trials // 2)), default=0)
    late = max((use for number, use in readings if number > min(FIRST, trials // 2)), default=0)
    return {
        "trials": trials,
        "exit_code": code,
        "share_of_a_core": spent / elapsed,
        "search_process_mib": resident / MIB,
        "all_highest_early_mib": early / MIB,
        "all_highest_later_mib": late / MIB,
        "grown_mib": (late - early) / MIB,
    }


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _count_trials(command: Command) -> int:
    return command.read().count(BEGINS)
