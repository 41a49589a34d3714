"""How even the classes are, and which of them are missing or named alike."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.data.audit.balance import list_class_problems, measure_balance
from imgcls_automl.data.dataset import LEFT_OUT


def test_even_classes_count_in_full(make_contents):
    contents = make_contents(list("abcd") * 5)
    balance = measure_balance(contents, np.zeros(20, np.uint8))
    assert (balance.ratio, balance.effective_classes) == (1.0, 4.0)


def test_a_rare_class_hardly_counts(make_contents):
    contents = make_contents(["many"] * 99 + ["few"])
    balance = measure_balance(contents, np.zeros(100, np.uint8))
    assert (balance.largest, balance.smallest) == (("many", 99), ("few", 1))
    assert balance.ratio == 99.0
    assert balance.effective_classes == pytest.approx(1.06, abs=0.01)


def test_what_is_left_out_does_not_count(make_contents):
    contents = make_contents(list("aaab"))
    splits = np.array([0, LEFT_OUT, LEFT_OUT, 0], dtype=np.uint8)
    assert measure_balance(contents, splits).ratio == 1.0


def test_no_class_is_missing_from_a_split_that_is_not_there(make_contents):
    contents = make_contents(list("abab"))
    assert not list(list_class_problems(contents, np.array([0, 0, 2, 2], dtype=np.uint8)))


def test_a_class_that_a_split_lacks_is_named(make_contents):
    contents = make_contents(list("aaab"))
    found = list_class_problems(contents, np.array([0, 1, 2, 0], dtype=np.uint8))
    assert [(it.id, it.problem, it.detail) for it in found] == [
        ("b", "class_missing", "the class has no picture in validation"),
        ("b", "class_missing", "the class has no picture in test"),
    ]


def test_names_that_differ_by_case_only_are_named(make_contents):
    contents = make_contents(["Cat", "cat ", "Dog"] * 3)
    splits = np.repeat(np.arange(3, dtype=np.uint8), 3)
    found = list(list_class_problems(contents, splits))
    assert [(it.id, it.problem) for it in found] == [("cat ", "class_name_alike")]
    assert "'Cat'" in found[0].detail
