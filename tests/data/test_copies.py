"""Copies of one picture never stand in two splits, whoever made the splits."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.data.checks import check_splits
from imgcls_automl.data.copies import leave_out_copies, unite_groups
from imgcls_automl.data.dataset import LEFT_OUT
from imgcls_automl.data.splits import assign_splits
from imgcls_automl.errors import DatasetError

TRAIN, VALIDATION, TEST = range(3)


def straddling(splits, sets):
    """Sets of copies that are in more than one split."""
    pairs = {(int(it), int(split)) for it, split in zip(sets, splits, strict=True)}
    names = [it for it, split in pairs if split != LEFT_OUT]
    return {it for it in names if names.count(it) > 1}


class TestStated:
    def test_test_stands_then_validation(self):
        splits = np.array([TRAIN, VALIDATION, TEST, TRAIN, VALIDATION, TRAIN], dtype=np.uint8)
        sets = np.array([0, 0, 0, 3, 3, 5])
        assert leave_out_copies(splits, sets).tolist() == [
            *(LEFT_OUT, LEFT_OUT, TEST),
            *(LEFT_OUT, VALIDATION, TRAIN),
        ]

    def test_copies_within_a_split_stay(self):
        splits = np.array([TRAIN, TRAIN, TEST, TEST], dtype=np.uint8)
        assert (leave_out_copies(splits, np.array([0, 0, 2, 2])) == splits).all()

    def test_validation_that_is_drawn_has_no_copy_of_a_stated_test(self, make_contents):
        contents = make_contents(list("ab") * 50, stated=["train"] * 80 + ["test"] * 20)
        sets = np.concatenate([np.arange(80), np.arange(20)])
        splits = assign_splits(contents, 0, sets)
        assert (splits[:20] == LEFT_OUT).all()
        assert (splits[80:] == TEST).all()
        assert not straddling(splits, sets)

    def test_training_on_nothing_but_the_test_is_refused(self, make_contents):
        contents = make_contents(list("ab") * 10, stated=["train"] * 10 + ["test"] * 10)
        sets = np.tile(np.arange(10), 2)
        with pytest.raises(DatasetError, match=r"'a' \(and 1 more\) is in validation or test too"):
            check_splits(contents, assign_splits(contents, 0, sets))


class TestDrawn:
    @pytest.mark.parametrize("grouped", [False, True])
    @pytest.mark.parametrize("seed", range(3))
    def test_copies_are_drawn_together(self, make_contents, seed, grouped):
        groups = [f"group {number // 3}" for number in range(240)] if grouped else None
        contents = make_contents(list("abc") * 80, groups=groups)
        sets = np.arange(240)
        sets[120:160] = np.arange(40)  # of any class
        splits = assign_splits(contents, seed, sets)
        assert not straddling(splits, sets)
        assert LEFT_OUT not in splits
        assert np.bincount(splits) / 240 == pytest.approx([0.68, 0.17, 0.15], abs=0.08)
        if grouped:
            assert not straddling(splits, np.arange(240) // 3)

    @pytest.mark.parametrize("grouped", [False, True])
    def test_the_order_of_the_source_does_not_matter(self, make_contents, grouped):
        ids = [f"picture {number}" for number in range(120)]
        labels = list("abc") * 40
        groups = [f"group {number // 3}" for number in range(120)] if grouped else [None] * 120
        sets = np.arange(120)
        sets[60:90] = np.arange(30)
        order = np.random.default_rng(1).permutation(120)
        shuffled = make_contents(
            [labels[place] for place in order],
            ids=[ids[place] for place in order],
            groups=[groups[place] for place in order],
        )
        straight = make_contents(labels, ids=ids, groups=groups)
        expected = assign_splits(straight, 0, sets)[order]
        assert (assign_splits(shuffled, 0, sets[order]) == expected).all()

    def test_a_class_of_copies_of_another_is_drawn_by_its_own_share(self, make_contents):
        contents = make_contents(["many"] * 60 + ["few"] * 5)
        sets = np.concatenate([np.arange(60), np.arange(5)])
        splits = assign_splits(contents, 0, sets)
        assert set(splits[60:].tolist()) == {TRAIN, VALIDATION, TEST}


def test_groups_that_hang_together_by_copies_are_one():
    groups = np.array([0, 0, 1, 1, 2, 2, 3])
    sets = np.array([0, 1, 1, 3, 3, 5, 6])
    assert unite_groups(groups, sets).tolist() == [0, 0, 0, 0, 0, 0, 3]
