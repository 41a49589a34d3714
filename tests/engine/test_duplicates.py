"""Candidates that were trained already, known again by what they are, not by how they were drawn."""

from __future__ import annotations

import pytest
from in_process_executor import end

from imgcls_automl.engine.duplicates import KnownCandidates
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.plugin import Augmentation, Candidate, ImageTask, Training
from imgcls_automl.trial_files import StoredCandidate, write_candidate

TASK = ImageTask(image_shape=(8, 8, 1), class_names=("a", "b"), class_counts=(3, 3))


def candidate(units=8, **training):
    return Candidate(model={"units": units}, training=Training(**training))


def finish(trials, number, chosen, state="complete", cause=None, drawn_batch_size=None):
    folder = trials / str(number)
    folder.mkdir()
    stored = StoredCandidate(
        number=number,
        params={},
        baseline=False,
        candidate=chosen,
        task=TASK,
        drawn_batch_size=drawn_batch_size,
    )
    write_candidate(folder, stored)
    task = TrialTask(
        number=number,
        folder=folder,
        baseline=False,
        seed=0,
        epochs=1,
        precision="float32",
        deadline=None,
    )
    return end(task, state, score=0.5, cause=cause)


def test_the_same_candidate_is_known_by_its_first_trial():
    known = KnownCandidates()
    assert known.admit(0, candidate()) is None
    assert known.admit(1, candidate()) == 0


def test_its_own_trial_may_be_done_again():
    known = KnownCandidates()
    known.admit(4, candidate())
    assert known.admit(4, candidate()) is None


@pytest.mark.parametrize(
    "other",
    [candidate(16), candidate(batch_size=64), candidate(augmentation=Augmentation(erasing=0.1))],
)
def test_any_difference_makes_another_candidate(other):
    known = KnownCandidates()
    known.admit(0, candidate())
    assert known.admit(1, other) is None


def test_a_resumed_search_knows_what_was_trained_before(tmp_path):
    finish(tmp_path, 0, candidate(8))
    finish(tmp_path, 1, candidate(16), "pruned", "pruned")
    known = KnownCandidates.read(tmp_path)
    assert known.admit(2, candidate(8)) == 0
    assert known.admit(3, candidate(16)) == 1


@pytest.mark.parametrize(("state", "cause"), [("failed", "crash"), ("pruned", "timeout")])
def test_what_a_crash_or_the_clock_has_ended_may_be_tried_again(tmp_path, state, cause):
    result = finish(tmp_path, 0, candidate(), state, cause)
    assert KnownCandidates.read(tmp_path).admit(1, candidate()) is None
    known = KnownCandidates()
    known.admit(0, candidate())
    known.conclude(result, tmp_path / "0")
    assert known.admit(1, candidate()) is None


@pytest.mark.parametrize("cause", ["invalid architecture", "out of memory", "not finite"])
def test_what_fails_by_itself_is_not_tried_again(tmp_path, cause):
    finish(tmp_path, 0, candidate(), "failed", cause)
    assert KnownCandidates.read(tmp_path).admit(1, candidate()) == 0


def test_one_that_was_trained_at_half_its_batch_size_is_known_in_both_forms(tmp_path):
    result = finish(tmp_path, 0, candidate(batch_size=64), drawn_batch_size=128)
    resumed, going_on = KnownCandidates.read(tmp_path), KnownCandidates()
    going_on.admit(0, candidate(batch_size=128))
    going_on.conclude(result, tmp_path / "0")
    for known in (resumed, going_on):
        assert known.admit(1, candidate(batch_size=64)) == 0
        assert known.admit(2, candidate(batch_size=128)) == 0
