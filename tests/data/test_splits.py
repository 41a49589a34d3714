"""Stated splits stand; the rest is drawn by class, by group and by seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from imgcls_automl.data.splits import assign_splits, stated_splits
from imgcls_automl.errors import DatasetError

TRAIN, VALIDATION, TEST = range(3)


def count(contents, splits):
    return {
        name: tuple(np.bincount(splits[contents.labels == label], minlength=3).tolist())
        for label, name in enumerate(contents.class_names)
    }


class TestHeldOut:
    def test_fifteen_percent_test_then_twenty_percent_of_the_rest(self, make_contents):
        contents = make_contents(["a"] * 200 + ["b"] * 100)
        assert count(contents, assign_splits(contents, 0)) == {
            "a": (136, 34, 30),
            "b": (68, 17, 15),
        }

    def test_another_share_for_the_test(self, make_contents):
        contents = make_contents(["a"] * 200 + ["b"] * 100)
        assert count(contents, assign_splits(contents, 0, test_share=0.3)) == {
            "a": (112, 28, 60),
            "b": (56, 14, 30),
        }

    def test_no_share_is_drawn_beside_a_stated_test_split(self, make_contents):
        contents = make_contents(["a", "b"] * 4, stated=["train", "train", "test", "test"] * 2)
        with pytest.raises(DatasetError, match=r"states a test split, and --test-share 0\.3"):
            assign_splits(contents, 0, test_share=0.3)

    @pytest.mark.parametrize(
        ("pictures", "expected"),
        [(2, (1, 1, 0)), (3, (1, 1, 1)), (4, (2, 1, 1)), (5, (3, 1, 1))],
    )
    def test_a_small_class_is_in_every_split_it_can_be_in(self, make_contents, pictures, expected):
        contents = make_contents(["few"] * pictures + ["many"] * 60)
        assert count(contents, assign_splits(contents, 0))["few"] == expected

    def test_the_seed_decides(self, make_contents):
        contents = make_contents(["a"] * 50 + ["b"] * 50)
        assert (assign_splits(contents, 3) == assign_splits(contents, 3)).all()
        assert (assign_splits(contents, 3) != assign_splits(contents, 4)).any()

    @pytest.mark.parametrize("grouped", [False, True])
    def test_the_order_of_the_source_does_not_matter(self, make_contents, grouped):
        ids = [f"picture {number}" for number in range(120)]
        labels = [("a", "b", "c")[number % 3] for number in range(120)]
        groups = [f"group {number // 5}" for number in range(120)] if grouped else [None] * 120
        order = np.random.default_rng(1).permutation(120)

        def pick(values):
            return [values[index] for index in order]

        straight = make_contents(labels, ids=ids, groups=groups)
        shuffled = make_contents(pick(labels), ids=pick(ids), groups=pick(groups))
        assert (assign_splits(straight, 0)[order] == assign_splits(shuffled, 0)).all()

    def test_a_new_picture_hardly_moves_the_others(self, make_contents):
        before = assign_splits(make_contents(["a"] * 100 + ["b"] * 100), 0)
        after = assign_splits(
            make_contents(["a"] * 100 + ["b"] * 101, ids=[f"{n:05}" for n in range(201)]), 0
        )
        assert (before != after[:200]).sum() <= 3


class TestStated:
    def test_stated_splits_stand(self, make_contents):
        stated = ["train"] * 20 + ["validation"] * 10 + ["test"] * 10
        contents = make_contents(["a", "b"] * 20, stated=stated)
        expected = [TRAIN] * 20 + [VALIDATION] * 10 + [TEST] * 10
        assert assign_splits(contents, 0).tolist() == expected
        assert stated_splits(contents) == ("train", "validation", "test")

    def test_train_alone_states_nothing(self, make_contents):
        contents = make_contents(["a", "b"] * 50, stated=["train"] * 100)
        assert stated_splits(contents) == ()
        assert (
            assign_splits(contents, 0) == assign_splits(make_contents(["a", "b"] * 50), 0)
        ).all()

    def test_validation_never_serves_as_test(self, make_contents):
        stated = ["train"] * 80 + ["validation"] * 20
        splits = assign_splits(make_contents(["a", "b"] * 50, stated=stated), 0)
        assert (splits[80:] == VALIDATION).all()
        assert Counter(splits[:80].tolist()) == {TRAIN: 68, TEST: 12}

    def test_validation_is_drawn_from_train_where_only_test_is_stated(self, make_contents):
        stated = ["train"] * 80 + ["test"] * 20
        splits = assign_splits(make_contents(["a", "b"] * 50, stated=stated), 0)
        assert (splits[80:] == TEST).all()
        assert Counter(splits[:80].tolist()) == {TRAIN: 64, VALIDATION: 16}


class TestGroups:
    def test_no_group_straddles_a_split(self, make_contents):
        groups = [f"patient {number // 4}" for number in range(240)]
        labels = [("ill", "well")[(number // 4) % 2] for number in range(240)]
        splits = assign_splits(make_contents(labels, groups=groups), 0)
        for group in set(groups):
            members = [number for number in range(240) if groups[number] == group]
            assert len(set(splits[members].tolist())) == 1
        sizes = np.bincount(splits) / 240
        assert sizes[TEST] == pytest.approx(0.15, abs=0.05)
        assert sizes[VALIDATION] == pytest.approx(0.17, abs=0.05)

    def test_pictures_without_a_group_are_drawn_one_by_one(self, make_contents):
        groups = ["scene"] * 10 + [None] * 90
        splits = assign_splits(make_contents(["a", "b"] * 50, groups=groups), 0)
        assert len(set(splits[:10].tolist())) == 1
        assert set(splits[10:].tolist()) == {TRAIN, VALIDATION, TEST}

    def test_every_class_stays_in_train(self, make_contents):
        labels = ["rare"] * 8 + ["common"] * 92
        groups = [f"{number // 4}" for number in range(100)]
        for seed in range(5):
            contents = make_contents(labels, groups=groups)
            assert all(
                sizes[TRAIN] for sizes in count(contents, assign_splits(contents, seed)).values()
            )

    def test_a_single_group_cannot_be_split(self, make_contents):
        contents = make_contents(["a", "b"] * 10, groups=["one"] * 20)
        with pytest.raises(DatasetError, match="too few groups"):
            assign_splits(contents, 0)
