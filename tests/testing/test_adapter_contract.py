"""The contract of adapters finds what is wrong, and says what to change."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from imgcls_automl.plugin import DatasetError, Match, Problem, Sample
from imgcls_automl.testing import DatasetAdapterContract
from imgcls_automl.testing.promises import BrokenPromiseError, NotCheckedError, list_promises

PIXELS = np.zeros((8, 8), dtype=np.uint8)


class Good:
    """An adapter of one source, called `four`."""

    def match(self, source):
        return Match(0.9, "the word four") if source == "four" else None

    def read(self, source):
        if source != "four":
            raise DatasetError(f"There is only the source four, but got {source!r}.")
        for number in range(4):
            yield self.make(number)

    def make(self, number):
        return Sample(id=str(number), image=PIXELS, label="ab"[number % 2])

    def fingerprint(self, source):
        return "four-1"


class ClaimsEverything(Good):
    def match(self, source):
        return Match(1.0, "whatever it is")


class FailsOnOthers(Good):
    def match(self, source):
        with open(source, "rb") as file:  # noqa: PTH123
            return Match(0.5, str(file.read(4)))


class MatchesATuple(Good):
    def match(self, source):
        return (0.9, "a tuple")


class Oversure(Good):
    def match(self, source):
        return Match(7, "surely") if source == "four" else None


class ReadsNothing(Good):
    def read(self, source):
        return iter(())


class YieldsTuples(Good):
    def make(self, number):
        return (str(number), PIXELS)


class RepeatsIds(Good):
    def make(self, number):
        return Sample(id="same", image=PIXELS, label="a")


class CountsOn(Good):
    numbers = itertools.count()

    def make(self, number):
        return Sample(id=str(next(self.numbers)), image=PIXELS, label="a")


class HasNoLabels(Good):
    def make(self, number):
        return Sample(id=str(number), image=PIXELS, label=None)


class HasNumbersAsGroups(Good):
    def make(self, number):
        return Sample(id=str(number), image=PIXELS, label="a", group=number)


class GivesFloats(Good):
    def make(self, number):
        return Sample(id=str(number), image=PIXELS / 255, label="a")


class GivesNoise(Good):
    def make(self, number):
        return Sample(id=str(number), image=b"no picture at all", label="a")


class ReadsWhatIsMissing(Good):
    def read(self, source):
        if source != "four":
            raise FileNotFoundError(source)
        return super().read(source)


class HoldsALock(Good):
    def __init__(self):
        self.lock = threading.Lock()


class IsRestless(Good):
    numbers = itertools.count()

    def fingerprint(self, source):
        return str(next(self.numbers))


class LacksAnArgument(Good):
    def read(self):
        return iter(())


class IsOfTheFuture(Good):
    api_version = 2


class HasProblemsToo(Good):
    def make(self, number):
        return Problem(id="3", detail="torn") if number == 3 else super().make(number)


PROMISES = list_promises(DatasetAdapterContract)


def find_broken(adapter, source="four"):
    """The promises that do not hold, with what is said of each."""
    broken = {}
    for name in PROMISES:
        try:
            getattr(DatasetAdapterContract(), name)((adapter, source))
        except BrokenPromiseError as error:
            broken[name] = str(error)
    return broken


@pytest.mark.parametrize("adapter", [Good, HasProblemsToo])
def test_a_good_adapter_keeps_every_promise(adapter):
    assert find_broken(adapter()) == {}


def test_every_promise_is_told_in_one_line():
    assert all(text.endswith(".") for text in PROMISES.values())


@pytest.mark.parametrize(
    ("adapter", "promise", "says"),
    [
        (ClaimsEverything, "it_leaves_other_sources_alone", "a path where nothing is returned"),
        (FailsOnOthers, "it_leaves_other_sources_alone", r"raised \w+Error"),
        (MatchesATuple, "it_matches_its_source", r"Return imgcls_automl.plugin.Match\(score"),
        (Oversure, "it_matches_its_source", "gave the score 7"),
        (ReadsNothing, "it_reads_samples", "yielded no sample"),
        (YieldsTuples, "it_reads_samples", "which is a tuple"),
        (RepeatsIds, "ids_are_unique_and_stable", "'same' is given 4 times"),
        (CountsOn, "ids_are_unique_and_stable", r"first '\d+', then '\d+'"),
        (HasNoLabels, "labels_are_texts", r"The label of '0' is None \(NoneType\)"),
        (HasNumbersAsGroups, "splits_and_groups_are_valid", r"The group of '0' is 0 \(int\)"),
        (GivesFloats, "pictures_can_be_decoded", "an array of float64, not of uint8 or uint16"),
        (GivesNoise, "pictures_can_be_decoded", "The picture of '0' cannot be decoded"),
        (ReadsWhatIsMissing, "a_source_that_is_not_there", "raised FileNotFoundError"),
        (HoldsALock, "it_can_be_pickled", "cannot pickle '_thread.lock' object"),
        (IsRestless, "a_fingerprint_names_the_state", r"was '\d+', then '\d+'"),
        (LacksAnArgument, "it_has_the_methods", r"cannot be called as read\(source\)"),
        (IsOfTheFuture, "it_has_the_methods", "api_version is 2, but this imgcls-automl speaks 1"),
    ],
)
def test_a_broken_one_is_told_what_was_seen_and_what_to_change(adapter, promise, says):
    (name,) = [name for name in PROMISES if name.startswith(f"test_{promise}")]
    with pytest.raises(BrokenPromiseError, match=says) as caught:
        getattr(DatasetAdapterContract(), name)((adapter(), "four"))
    assert len(str(caught.value).splitlines()) >= 2


def test_a_broken_promise_leaves_the_others_alone():
    assert list(find_broken(HasNumbersAsGroups())) == ["test_splits_and_groups_are_valid"]


def test_what_needs_a_source_is_not_checked_without_one():
    with pytest.raises(NotCheckedError, match="--data SOURCE"):
        DatasetAdapterContract().test_it_reads_samples((Good(), None))
