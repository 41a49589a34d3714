"""The order of an epoch: each picture once, or each class equally often."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.training.order import draw_order

TRAIN = np.arange(100, 220, dtype="int32")  # places of the pictures in their data set
LABELS = np.repeat([0, 1, 2], [90, 25, 5])


def draw(sampling, length=120, seed=3, epochs=range(2)):
    return draw_order(TRAIN, LABELS, seed=seed, epochs=epochs, length=length, sampling=sampling)


def count_classes(epoch):
    return np.bincount(LABELS[epoch - 100], minlength=3).tolist()


@pytest.mark.parametrize("sampling", ["none", "balanced"])
class TestAnyOrder:
    def test_seed_and_epoch_decide_it(self, sampling):
        first, second = draw(sampling)
        assert (first != second).any()
        assert (draw(sampling)[0] == first).all()
        assert (draw(sampling, seed=4)[0] != first).any()

    def test_an_epoch_drawn_alone_is_the_same(self, sampling):
        assert (draw(sampling, epochs=range(1, 2))[0] == draw(sampling)[1]).all()

    def test_it_is_as_long_as_asked_for(self, sampling):
        assert draw(sampling, length=64).shape == (2, 64)
        assert draw(sampling).dtype == np.int32


def test_without_balance_each_picture_comes_once():
    assert sorted(draw("none")[0]) == TRAIN.tolist()


class TestBalanced:
    def test_each_class_comes_equally_often(self):
        assert count_classes(draw("balanced")[0]) == [40, 40, 40]

    def test_what_is_left_over_differs_by_one(self):
        counts = count_classes(draw("balanced", length=100)[0])
        assert sorted(counts) == [33, 33, 34]

    def test_a_rare_class_repeats_all_its_pictures_evenly(self):
        rare = draw("balanced")[0]
        assert np.bincount(rare[rare >= 215] - 215).tolist() == [8] * 5

    def test_a_common_class_shows_others_each_epoch(self):
        first, second = (set(epoch[epoch < 190].tolist()) for epoch in draw("balanced"))
        assert len(first) == len(second) == 40
        assert first != second

    def test_classes_are_mixed(self):
        halves = np.split(draw("balanced")[0], 2)
        assert all(min(count_classes(half)) > 10 for half in halves)
