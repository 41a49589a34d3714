"""What this machine lets us use, as the files of the kernel tell it."""

from __future__ import annotations

import os

import pytest

from imgcls_automl import machine


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Files as of /proc and /sys/fs/cgroup; returns a function that writes one."""
    monkeypatch.setattr(machine, "PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    machine._find_cgroup.cache_clear()

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    yield write
    machine._find_cgroup.cache_clear()


def test_without_control_groups_it_is_all_there_is(kernel):
    assert machine.usable_memory() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert machine.usable_cores() == len(os.sched_getaffinity(0))


def test_the_memory_limit_of_a_control_group_above_counts_too(kernel):
    kernel("cgroup/cgroup.controllers", "cpu memory")
    kernel("proc/self/cgroup", "0::/jobs/7\n")
    kernel("cgroup/jobs/7/memory.max", "max\n")
    kernel("cgroup/jobs/memory.max", f"{3 << 20}\n")
    assert machine.usable_memory() == 3 << 20


def test_control_groups_of_the_first_version_are_read_too(kernel):
    kernel("proc/self/cgroup", "4:cpu,cpuacct:/\n3:memory:/jobs\n")
    kernel("cgroup/memory/jobs/memory.limit_in_bytes", f"{5 << 20}\n")
    assert machine.usable_memory() == 5 << 20


def test_a_quota_of_the_processor_leaves_one_core_at_least(kernel):
    kernel("cgroup/cgroup.controllers", "cpu memory")
    kernel("proc/self/cgroup", "0::/\n")
    kernel("cgroup/cpu.max", "50000 100000\n")
    assert machine.usable_cores() == 1


def test_files_that_are_mapped_are_no_memory_of_a_process(kernel):
    kernel("proc/7/statm", "9000 500 200 1 0 300 0\n")
    assert machine.memory_in_use(7) == 300 * os.sysconf("SC_PAGE_SIZE")
    assert machine.memory_in_use(8) == 0


def test_processes_killed_for_memory_are_counted(kernel):
    assert machine.count_memory_kills() == 0
    kernel("proc/vmstat", "nr_free_pages 12\noom_kill 3\n")
    assert machine.count_memory_kills() == 3


def test_a_crowded_machine_is_seen_by_what_a_calculation_takes(monkeypatch):
    assert machine.measure_crowding() >= 1.0
    # Of four seconds that pass, one is this process's.
    passed = iter(range(0, 4000, 4))
    clock = {"now": 0.0}

    def compute():
        clock["now"] = next(passed) / 100
        return clock["now"] / 4

    monkeypatch.setattr(machine.time, "thread_time", compute)
    monkeypatch.setattr(machine.time, "monotonic", lambda: clock["now"])
    assert machine.measure_crowding() == pytest.approx(4.0, rel=0.2)
