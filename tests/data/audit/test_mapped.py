"""What was read of a memory map is let go, so that comparing needs no more memory for more pictures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from imgcls_automl.data.audit.mapped import RELEASE_BYTES, release_pages
from imgcls_automl.data.audit.measure import measure_pictures
from imgcls_automl.data.audit.twins import find_twins

STATUS = Path("/proc/self/status")
SHAPE = (1200, 128, 128, 3)  # 56 MiB

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="needs Linux's /proc")


def count_mapped_bytes():
    found = re.search(r"RssFile:\s+(\d+) kB", STATUS.read_text())
    return int(found[1]) << 10


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.npy"
    written = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=SHAPE)
    written[:, ::9, ::7] = np.random.default_rng(0).integers(0, 256, (SHAPE[0], 1, 1, 1), np.uint8)
    written.flush()
    del written
    return np.load(path, mmap_mode="r")


def test_pages_are_given_back_and_can_be_read_again(images):
    total = images.sum()
    before = count_mapped_bytes()
    release_pages(images)
    assert before - count_mapped_bytes() > images.nbytes * 0.9
    assert images.sum() == total


def test_pictures_are_measured_and_compared_with_few_of_them_in_memory(images):
    start, seen = count_mapped_bytes(), []
    measures = measure_pictures(images, lambda _: seen.append(count_mapped_bytes()))
    find_twins(images, measures, lambda progress: None)
    assert max(seen) - start < 2 * RELEASE_BYTES < images.nbytes


def test_an_array_in_memory_is_left_alone():
    release_pages(np.zeros((2, 8, 8, 1), np.uint8))
