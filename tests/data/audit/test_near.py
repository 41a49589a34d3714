"""Sets whose pictures are all alike, as those of a film or a burst, cost little memory and few comparisons."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from imgcls_automl.data.audit import near
from imgcls_automl.data.audit.measure import measure_pictures
from imgcls_automl.data.audit.near import ENOUGH, NEIGHBOURS, find_near


def ignore(progress):
    pass


def make_frames(count, noise=3):
    """Shots of one scene, uint8 (count, 8, 8, 1), that noise alone tells apart."""
    random = np.random.default_rng(0)
    scene = random.integers(0, 256, (1, 8, 8, 1))
    shots = scene + random.integers(-noise, noise + 1, (count, 8, 8, 1))
    return shots.clip(0, 255).astype(np.uint8)


def find(images, tell=ignore):
    return find_near(images, measure_pictures(images, ignore), np.arange(len(images)), tell)


def measure_peak(images):
    """The bytes in use at the worst moment of the search."""
    measures, places = measure_pictures(images, ignore), np.arange(len(images))
    tracemalloc.start()
    try:
        find_near(images, measures, places, ignore)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_by_little_a_picture_where_all_are_alike():
    frames = make_frames(40_000)
    few, many = measure_peak(frames[:10_000]), measure_peak(frames)
    assert many < 24 << 20
    assert (many - few) / 30_000 < 500


@pytest.mark.parametrize("noise", [1, 3, 5])
def test_every_frame_is_found_and_no_pair_is_found_twice(noise):
    pairs, differences = find(make_frames(3000, noise))
    assert len(np.unique(pairs)) == 3000
    assert len(np.unique(pairs, axis=0)) == len(pairs) == len(differences)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert pairs.tolist() == sorted(pairs.tolist())


def test_pairs_and_comparisons_stay_few_where_all_are_alike(monkeypatch):
    compared = []
    monkeypatch.setattr(near, "_PAIRS_BYTES", 64)
    pairs, _ = find(make_frames(3000), compared.append)
    assert len(compared) <= 3000 * (ENOUGH + 2 * NEIGHBOURS)
    assert len(pairs) <= 3000 * ENOUGH


def test_all_pairs_of_a_short_burst_are_found():
    random = np.random.default_rng(1)
    scenes = random.integers(0, 256, (50, 8, 8, 3)).repeat(4, axis=0)
    shots = (scenes + random.integers(-2, 3, scenes.shape)).clip(0, 255).astype(np.uint8)
    pairs, differences = find(shots)
    assert (pairs // 4)[:, 0].tolist() == (pairs // 4)[:, 1].tolist()
    assert len(pairs) == 50 * 6
    assert ((differences > 0) & (differences < 3)).all()


def test_blocks_do_not_matter(monkeypatch):
    frames = make_frames(500)
    pairs, differences = find(frames)
    monkeypatch.setattr(near, "_BLOCK", 7)
    others, their_differences = find(frames)
    assert pairs.tolist() == others.tolist()
    assert differences.tolist() == their_differences.tolist()
