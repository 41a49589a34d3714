"""Pictures come back from the spool as they were put in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from imgcls_automl.data.spool import Spool
from imgcls_automl.data.threads import map_in_order


def test_bytes_arrays_and_paths_come_back_in_any_order(tmp_path):
    wide = np.arange(12, dtype=np.uint16).reshape(2, 2, 3)
    with Spool(tmp_path) as spool:
        references = [spool.put(picture) for picture in (b"bytes", wide, tmp_path)]
        assert spool.get(references[2]) == tmp_path
        assert (spool.get(references[1]) == wide).all()
        assert spool.get(references[0]) == b"bytes"


def test_an_array_that_is_a_view_is_kept_whole(tmp_path):
    view = np.arange(16, dtype=np.uint8).reshape(4, 4)[::2, ::-1]
    with Spool(tmp_path) as spool:
        assert (spool.get(spool.put(view)) == view).all()


def test_several_threads_may_read_at_once(tmp_path):
    with Spool(tmp_path) as spool, ThreadPoolExecutor(4) as pool:
        references = [spool.put(bytes([number]) * 100) for number in range(200)]
        spool.flush()
        found = list(pool.map(spool.get, references))
    assert found == [bytes([number]) * 100 for number in range(200)]


def test_nothing_is_left_behind(tmp_path):
    with Spool(tmp_path) as spool:
        spool.put(b"picture")
        assert list(tmp_path.iterdir()) == []


class TestThreads:
    def test_results_come_in_order(self):
        assert list(map_in_order(str, range(1000))) == [str(number) for number in range(1000)]

    def test_a_failure_reaches_the_caller(self):
        with pytest.raises(ZeroDivisionError):
            list(map_in_order(lambda number: 1 // (number - 500), range(1000)))

    def test_only_a_few_items_run_ahead(self):
        started = []
        results = map_in_order(started.append, range(100_000))
        next(results)
        assert len(started) < 2_000
        results.close()
