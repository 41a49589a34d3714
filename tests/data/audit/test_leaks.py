"""What copies, near copies and groups are reported as, by the splits and classes they are in."""

from __future__ import annotations

import numpy as np

from imgcls_automl.data.audit.leaks import list_copies, list_near_copies, list_straddling_groups
from imgcls_automl.data.audit.twins import Twins
from imgcls_automl.data.dataset import LEFT_OUT

TRAIN, VALIDATION, TEST = range(3)


def tell(issues):
    return [(issue.id, issue.problem, issue.detail) for issue in issues]


def splits_of(*codes):
    return np.array(codes, dtype=np.uint8)


class TestCopies:
    def test_all_but_one_of_a_set_are_named(self, make_contents):
        contents = make_contents(list("aaab"), ids=["1", "2", "3", "4"])
        found = list_copies(contents, splits_of(0, 0, 0, 0), np.array([0, 1, 0, 0]))
        assert tell(found) == [
            ("3", "copy", "the same pixels as '1'"),
            ("4", "copy", "the same pixels as '1'"),
            ("4", "copy_across_classes", "labelled 'b', but '1' is labelled 'a'"),
        ]

    def test_what_is_left_out_names_the_copy_that_stays(self, make_contents):
        contents = make_contents(list("ab"), ids=["1", "2"])
        found = list_copies(contents, splits_of(LEFT_OUT, TEST), np.array([0, 0]))
        assert tell(found) == [
            ("1", "left_out_copy", "the same pixels as '2', which is in test"),
            ("1", "copy_across_classes", "labelled 'a', but '2' is labelled 'b'"),
        ]


class TestNearCopies:
    def near(self, contents, splits, sets, *pairs, differences=None):
        differences = np.array(differences or [1.25] * len(pairs), np.float32)
        twins = Twins(sets=np.array(sets), near=np.array(pairs), differences=differences)
        return tell(list_near_copies(contents, splits, twins))

    def test_a_pair_is_named_once(self, make_contents):
        contents = make_contents(list("aa"), ids=["1", "2"])
        detail = "its pixels differ by 1.25 of 255 on average from '1'"
        assert self.near(contents, splits_of(0, 0), [0, 1], (0, 1)) == [("2", "near_copy", detail)]

    def test_across_splits_the_one_of_the_earlier_split_is_named(self, make_contents):
        contents = make_contents(list("aab"), ids=["1", "2", "3"])
        found = self.near(contents, splits_of(TRAIN, TEST, TRAIN), [0, 1, 2], (0, 1), (0, 2))
        assert [it[:2] for it in found] == [
            ("1", "near_copy_across_splits"),
            ("3", "near_copy"),
            ("3", "near_copy_across_classes"),
        ]
        assert found[0][2].endswith("which is in test")

    def test_a_copy_that_is_left_out_is_stood_for_by_the_one_that_stays(self, make_contents):
        contents = make_contents(list("aaa"), ids=["1", "2", "3"])
        found = self.near(contents, splits_of(LEFT_OUT, TEST, TEST), [0, 0, 2], (0, 2))
        assert [it[:2] for it in found] == [("3", "near_copy")]

    def test_of_many_alike_all_but_one_are_named_once_with_the_closest(self, make_contents):
        contents = make_contents(list("aaa"), ids=["1", "2", "3"])
        pairs, differences = [(0, 1), (0, 2), (1, 2)], [1.0, 3.0, 2.0]
        found = self.near(contents, splits_of(0, 0, 0), [0, 1, 2], *pairs, differences=differences)
        assert found == [
            ("2", "near_copy", "its pixels differ by 1.00 of 255 on average from '1'"),
            ("3", "near_copy", "its pixels differ by 2.00 of 255 on average from '2'"),
        ]

    def test_one_in_a_later_split_is_named_before_a_closer_one(self, make_contents):
        contents = make_contents(list("aaa"), ids=["1", "2", "3"])
        splits, pairs = splits_of(TRAIN, TRAIN, TEST), [(0, 1), (0, 2), (1, 2)]
        found = self.near(contents, splits, [0, 1, 2], *pairs, differences=[1.0, 3.0, 2.0])
        where = "on average from '3', which is in test"
        assert found == [
            ("1", "near_copy_across_splits", f"its pixels differ by 3.00 of 255 {where}"),
            ("2", "near_copy_across_splits", f"its pixels differ by 2.00 of 255 {where}"),
        ]

    def test_one_of_another_class_is_named_though_it_is_not_the_closest(self, make_contents):
        contents = make_contents(list("baa"), ids=["1", "2", "3"])
        found = self.near(
            contents, splits_of(0, 0, 0), [0, 1, 2], (0, 2), (1, 2), differences=[2.0, 1.0]
        )
        assert found == [
            ("3", "near_copy", "its pixels differ by 1.00 of 255 on average from '2'"),
            ("3", "near_copy_across_classes", "labelled 'a', but '1' is labelled 'b'"),
        ]


def test_a_group_in_several_stated_splits_is_named_with_its_sizes(make_contents):
    groups = ["ann", "ann", "ann", "bob", "bob", None]
    contents = make_contents(list("ababab"), groups=groups)
    splits = splits_of(TRAIN, TRAIN, TEST, TRAIN, TRAIN, TEST)
    assert tell(list_straddling_groups(contents, splits)) == [
        (
            "00000",
            "group_across_splits",
            "its group 'ann' has pictures in several splits: 2 in train, 1 in test",
        )
    ]
