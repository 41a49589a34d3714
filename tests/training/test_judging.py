"""Validation labels are doubted on the word of a network that never learned them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from networks import Plain, candidate

from imgcls_automl.executors.messages import Verdict
from imgcls_automl.executors.tasks import RefitTask
from imgcls_automl.trial_files import StoredCandidate, write_candidate


@pytest.fixture
def bench(programs):
    from imgcls_automl.training.bench import Bench

    return Bench(space=Plain(), programs=programs, metric="accuracy", class_weight="none")


@pytest.fixture
def task(train, pictures, tmp_path):
    """The refit of a trial whose kept weights were trained for 3 epochs."""
    from imgcls_automl.training.saving import save_weights

    network, _ = train(epochs=3)
    save_weights(network, network.get_weights(), tmp_path / "best.weights.h5")
    stored = StoredCandidate(
        number=0, params={}, baseline=False, candidate=candidate(), task=pictures.task
    )
    write_candidate(tmp_path, stored)
    return RefitTask(
        number=0,
        trial_folder=tmp_path,
        folder=tmp_path,
        seed=1,
        epochs=0,
        precision="float32",
        deadline=None,
    )


def test_the_judge_of_validation_is_the_trial_and_not_the_refit(task, bench, pictures):
    from imgcls_automl.training.refit import refit

    unrefitted = refit(task, bench, lambda report: Verdict())
    refitted = refit(replace(task, epochs=3), bench, lambda report: Verdict())
    assert refitted.epochs == 3
    assert (refitted.test.probabilities != unrefitted.test.probabilities).any()
    judged, again = refitted.held_out, unrefitted.held_out
    assert (judged.split, judged.probabilities.dtype) == ("validation", np.float32)
    assert (judged.indices == pictures.indices("validation")).all()
    assert (judged.probabilities == again.probabilities).all()
    named = judged.probabilities.argmax(axis=1)
    assert np.mean(named == pictures.labels[judged.indices]) > 0.5


def test_it_looks_at_mirrored_pictures_where_the_model_does(task, bench):
    from imgcls_automl.training.judging import judge_held_out
    from imgcls_automl.trial_files import read_candidate

    stored = read_candidate(task.trial_folder)
    plain = judge_held_out(task, stored, bench).probabilities
    flipped = judge_held_out(replace(task, flips=True), stored, bench).probabilities
    assert (plain != flipped).any()
    np.testing.assert_allclose(flipped.sum(axis=1), 1.0, rtol=1e-5)
