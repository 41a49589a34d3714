"""A temperature is fitted by validation's log loss, and used where that is better by more than chance."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.engine.calibration import fit_temperature
from imgcls_automl.engine.opinions import normalise


def draw(pictures, *, sharpness=1.0, seed=0, trainings=1):
    """Labels drawn from probabilities, and the same probabilities made so much surer of themselves than they are."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (pictures, 5))
    chances = np.exp(normalise(logits))
    labels = (chances.cumsum(axis=1) > random.random((pictures, 1))).argmax(axis=1)
    return labels, np.repeat(normalise(logits * sharpness)[None], trainings, axis=0)


@pytest.mark.parametrize("sharpness", [2.5, 0.5], ids=["too sure", "not sure enough"])
def test_the_temperature_undoes_what_is_wrong(sharpness):
    found = fit_temperature(*draw(3000, sharpness=sharpness))
    assert found.temperature == found.fitted == pytest.approx(sharpness, rel=0.1)
    assert found.after < found.before
    assert found.pictures == 3000


def test_probabilities_that_are_right_are_left_alone():
    chosen = [fit_temperature(*draw(300, seed=seed)).temperature for seed in range(20)]
    assert sum(temperature != 1.0 for temperature in chosen) <= 1


def test_a_few_pictures_prove_nothing():
    found = fit_temperature(*draw(6, sharpness=1.5))
    assert found.temperature == 1.0
    assert found.fitted != 1.0


def test_one_picture_is_no_reason_to_fail():
    assert fit_temperature(*draw(1)).temperature == 1.0


def test_several_trainings_do_not_count_as_more_pictures():
    one = fit_temperature(*draw(200, sharpness=1.2))
    assert fit_temperature(*draw(200, sharpness=1.2, trainings=9)) == one


def test_which_class_is_first_never_changes():
    labels, logs = draw(500, sharpness=2.5)
    temperature = fit_temperature(labels, logs).temperature
    assert (normalise(logs[0] / temperature).argmax(axis=1) == logs[0].argmax(axis=1)).all()
