"""What is said of pictures that differ from those of training, and that nothing is said of those that do not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.drift import (
    Appearance,
    describe_appearance,
    read_training_appearance,
    remark_on_drift,
)

NAMES = ("cat", "dog", "eel")
TRAINING = Appearance(
    height=100, width=120, brightness=90.0, brightness_sd=20.0, class_shares=(0.5, 0.3, 0.2)
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"height": 30.0}, "of another size: 30x120 pixels"),
        ({"width": 500.0}, "100x500 pixels"),
        ({"brightness": 120.0}, "brighter: 120 of 255"),
        ({"brightness": 60.0}, "darker: 60 of 255"),
        ({"class_shares": (0.1, 0.3, 0.6)}, "differs by 40% of the pictures, most of all 'cat'"),
    ],
)
def test_each_difference_is_told_with_both_figures(changes, told):
    (remark,) = remark_on_drift(TRAINING, replace(TRAINING, **changes), 500, NAMES)
    assert told in remark
    assert "training" in remark


def test_what_chance_alone_could_do_is_not_told():
    here = replace(TRAINING, height=140, brightness=97.0, class_shares=(0.6, 0.1, 0.3))
    assert remark_on_drift(TRAINING, here, 10, NAMES) == []
    assert len(remark_on_drift(TRAINING, here, 10_000, NAMES)) == 1


def test_a_run_that_kept_no_brightness_says_so():
    (remark,) = remark_on_drift(replace(TRAINING, brightness=None), TRAINING, 50, NAMES)
    assert "not known" in remark


def test_a_search_leaves_what_its_pictures_are_compared_with(digits, tmp_path):
    summary = digits.splits.with_name("summary.json")
    run = tmp_path / "run"
    (run / "data").mkdir(parents=True)
    (run / "data/summary.json").write_bytes(summary.read_bytes())
    training = read_training_appearance(run, digits.task.class_names)
    images, labels = np.load(digits.images), np.load(digits.labels)
    here = describe_appearance([(8, 8)] * len(images), images.mean(axis=(1, 2, 3)), labels, 10)
    assert (training.height, training.width) == (8, 8)
    assert training.brightness == pytest.approx(here.brightness, abs=2)
    assert sum(training.class_shares) == pytest.approx(1)
    assert remark_on_drift(training, here, len(images), digits.task.class_names) == []
    older = json.loads(summary.read_bytes())
    del older["checks"]["sizes"]  # which had the sizes of all pictures alone
    (run / "data/summary.json").write_text(json.dumps(older))
    assert read_training_appearance(run, digits.task.class_names) == training
    (run / "data/summary.json").write_text(json.dumps({"schema_version": 1, "original": 3}))
    with pytest.raises(RunFolderError, match=r"summary\.json is damaged"):
        read_training_appearance(run, digits.task.class_names)
