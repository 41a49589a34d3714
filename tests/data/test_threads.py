"""Which thread does what: computing here, waiting for a disk in several at once."""

from __future__ import annotations

import threading
import time

import pytest

from imgcls_automl.data import threads
from imgcls_automl.data.threads import map_reads

ITEMS = range(1000)


@pytest.mark.parametrize("count", [0, 1, 256, 257, 1000])
def test_reads_come_in_order(count):
    assert list(map_reads(lambda item: item * 2, range(count))) == [it * 2 for it in range(count)]


def test_what_only_computes_stays_in_this_thread(monkeypatch):
    # a machine with other work would make this thread wait, too
    monkeypatch.setattr(threads.time, "perf_counter", time.thread_time)
    found = set(map_reads(lambda _: threading.get_ident(), ITEMS))
    assert found == {threading.get_ident()}


def test_what_waits_is_done_in_several_threads_from_then_on(monkeypatch):
    monkeypatch.setattr(threads, "_count_cores", lambda: 4)

    def read(item: int) -> int:
        time.sleep(0.001 if item < 512 else 0.0)
        return threading.get_ident()

    found = list(map_reads(read, ITEMS))
    assert set(found[:256]) == {threading.get_ident()}
    assert threading.get_ident() not in found[256:]
    assert len(set(found[256:])) > 1


def test_an_error_while_reading_reaches_the_caller():
    def read(item: int) -> int:
        raise ValueError(item)

    with pytest.raises(ValueError, match="0"):
        list(map_reads(read, ITEMS))
