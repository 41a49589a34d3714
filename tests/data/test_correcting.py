"""What lists of pictures and labels make of a set: pictures gone, labels replaced, classes made and lost."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.data.audit.twins import Twins, select_twins
from imgcls_automl.data.correcting import Corrections, correct
from imgcls_automl.data.correction_lists import CorrectionList, Entry
from imgcls_automl.data.decoded import Issue
from imgcls_automl.errors import DatasetError


def entries(rows):
    return tuple(Entry(id=id_, label=label, line=line) for line, (id_, label) in enumerate(rows, 2))


def exclude(*ids, path="out.csv"):
    rows = entries((id_, "") for id_ in ids)
    return CorrectionList(flag="--exclude", path=path, column="", entries=rows)


def relabel(column="suggested", /, **labels):
    rows = entries(labels.items())
    return CorrectionList(flag="--relabel", path="new.csv", column=column, entries=rows)


def apply(contents, *lists):
    kinds = {"exclude": [], "relabel": []}
    for its in lists:
        kinds[its.flag[2:]].append(its)
    return correct(contents, Corrections(**{kind: tuple(its) for kind, its in kinds.items()}))


def labels_of(corrected):
    contents = corrected.contents
    named = (contents.class_names[label] for label in contents.labels)
    return dict(zip(contents.ids, named, strict=True))


@pytest.fixture
def contents(make_contents):
    """Four cats and two dogs, a to f."""
    return make_contents(["cat"] * 4 + ["dog"] * 2, ids=list("abcdef"))


class TestExclude:
    def test_what_is_named_is_gone_and_the_rest_is_as_it_was(self, contents):
        corrected = apply(contents, exclude("b", "e"))
        assert labels_of(corrected) == {"a": "cat", "c": "cat", "d": "cat", "f": "dog"}
        assert [(it.id, it.problem) for it in corrected.excluded] == [
            ("b", "excluded"),
            ("e", "excluded"),
        ]
        assert corrected.remarks == ("2 pictures are left out as --exclude says",)

    def test_values_of_what_is_left_go_back_to_their_places(self, contents):
        corrected = apply(contents, exclude("b", "e"))
        assert corrected.spread(np.arange(4, dtype=np.int32), -1).tolist() == [0, -1, 1, 2, -1, 3]

    def test_ids_may_be_as_our_own_files_write_them(self, make_contents):
        contents = make_contents(["x", "y", "x"], ids=["=1.png", "b\x1b.png", "c.png"])
        assert list(labels_of(apply(contents, exclude("'=1.png", "b\\x1b.png")))) == ["c.png"]

    def test_ids_that_are_unknown_are_told(self, contents):
        remarks = apply(contents, exclude("a", "q", "r")).remarks
        assert remarks[1] == "--exclude: 2 of 3 ids in out.csv are no pictures here: 'q', 'r'"

    def test_a_list_that_names_nothing_known_is_refused(self, contents):
        with pytest.raises(
            DatasetError, match=r"out.csv, line 2: 'A' is no picture here"
        ) as caught:
            apply(contents, exclude("A", "B"))
        assert "such as 'a'" in str(caught.value)

    def test_classes_and_unreadable_pictures_which_issues_csv_names_are_no_mistake(
        self, make_contents
    ):
        bad = Issue(id="bad.png", problem="unreadable", detail="")
        contents = make_contents(["cat", "cat", "dog"], ids=list("abc"), issues=[bad])
        assert len(apply(contents, exclude("bad.png", "dog", "a")).remarks) == 1
        assert apply(contents, exclude("bad.png")).contents.fingerprint == contents.fingerprint

    def test_a_class_without_a_picture_is_none(self, contents):
        corrected = apply(contents, exclude("e", "f"))
        assert corrected.contents.class_names == ("cat",)
        assert corrected.remarks[1] == "Classes left without a picture, and gone: 'dog'"

    def test_a_picture_is_left(self, contents):
        with pytest.raises(DatasetError, match="leaves none of the 6 pictures"):
            apply(contents, exclude(*"abcdef"))


class TestRelabel:
    def test_labels_are_replaced(self, contents):
        corrected = apply(contents, relabel(a="dog", f="cat", b="cat", c=""))
        assert "".join(label[0] for label in labels_of(corrected).values()) == "dcccdc"
        assert [(it.id, it.label, it.new_label) for it in corrected.relabelled] == [
            ("a", "cat", "dog"),
            ("f", "dog", "cat"),
        ]
        assert "2 pictures have another label" in corrected.remarks[0]

    def test_the_later_of_two_lists_counts(self, contents):
        corrected = apply(contents, relabel(a="dog", b="dog"), relabel(a="cat"))
        assert [it.id for it in corrected.relabelled] == ["b"]

    def test_two_labels_in_one_list_are_refused(self, contents):
        its = CorrectionList(
            flag="--relabel",
            path="new.csv",
            column="label",
            entries=entries([("a", "cat"), ("a", "dog")]),
        )
        with pytest.raises(DatasetError, match=r"line 3: 'a' is to be 'dog', but 'cat' by a line"):
            apply(contents, its)

    def test_who_is_excluded_needs_no_label(self, contents):
        corrected = apply(contents, relabel(a="dog"), exclude("a"))
        assert (len(corrected.excluded), corrected.relabelled) == (1, ())

    def test_a_new_class_is_made_by_a_column_new_label_only(self, contents):
        corrected = apply(contents, relabel("new_label", a="bird", b="bird"))
        assert corrected.contents.class_names == ("bird", "cat", "dog")
        assert labels_of(corrected)["a"] == "bird"
        assert corrected.remarks[1] == "Classes made by --relabel: 'bird'"
        with pytest.raises(DatasetError, match=r"line 2: the column label names 'dgo'") as caught:
            apply(contents, relabel("label", a="dgo"))
        assert "Did you mean 'dog'?" in str(caught.value)


class TestFingerprint:
    def test_it_names_what_was_changed_and_not_how(self, contents):
        plain = apply(contents)
        assert (plain.contents.fingerprint, plain.mark) == (contents.fingerprint, "")
        once = apply(contents, exclude("a", "b"), relabel(f="cat"))
        again = apply(contents, relabel(f="cat", e="dog"), exclude("b"), exclude("a", path="b.csv"))
        assert once.contents.fingerprint == again.contents.fingerprint
        others = [apply(contents, exclude("a", "c")), apply(contents, relabel(f="cat")), plain]
        assert len({once.described, *(it.described for it in others)}) == 4


class TestTwins:
    def test_a_copy_stands_in_for_the_picture_that_is_gone(self):
        twins = Twins(
            sets=np.array([0, 1, 0, 3, 1], dtype=np.int32),
            near=np.array([[0, 1], [1, 3]], dtype=np.int32),
            differences=np.array([1.0, 2.0], dtype=np.float32),
        )
        left = select_twins(twins, np.array([1, 2, 4]))
        assert left.sets.tolist() == [0, 1, 0]
        assert left.near.tolist() == [[0, 1]]
        assert left.differences.tolist() == [1.0]
