"""Folds on the screens: what the data is cut into, which fold is trained, what a trial came to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from imgcls_automl.cli import training_wording, wording
from imgcls_automl.cli.plain_lines import PlainLines
from imgcls_automl.cli.progress import Progress
from imgcls_automl.config import Preset
from imgcls_automl.data.dataset import Dataset
from imgcls_automl.events import PlanMade
from imgcls_automl.executors.messages import EpochReport
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.plugin import ImageTask

EPOCH = EpochReport(
    **{"number": 3, "epoch": 2, "epochs": 12, "seconds": 1.0, "score": 0.5},
    **{"metrics": {"loss": 0.5}, "fold": 2, "folds": 5},
)
RESULT = TrialResult(
    **{"number": 3, "state": "complete", "score": 0.9, "metric": "accuracy", "epoch": None},
    **{"epochs": 20, "planned_epochs": 24, "seconds": 41.0, "parameters": 10},
    fold_scores=(0.85, 0.95),
)


@pytest.fixture
def dataset():
    """Pictures of two classes in five folds."""
    task = ImageTask(image_shape=(28, 30, 3), class_names=("cat", "dog"), class_counts=(800, 222))
    return Dataset(
        **{"task": task, "images": Path("i"), "labels": Path("l"), "splits": Path("s")},
        **{"fingerprint": "abc", "split_sizes": (1022, 0, 200), "unreadable": 0, "folds": 5},
        **{"adapter": "folder", "plugin": "imgcls-automl 0.1.0", "reason": "a folder"},
        **{"resize": "stretch", "cached": False},
    )


def test_the_data_is_told_to_be_cut_into_them(dataset):
    lines = wording.describe_dataset(dataset)
    assert "1,022 in 5 folds, each scoring what the others train; 200 to test once" in lines
    assert not any(line.startswith("Warning") for line in lines)


def test_a_class_with_fewer_pictures_is_warned_of(dataset):
    task = replace(dataset.task, class_counts=(800, 3))
    lines = wording.describe_dataset(replace(dataset, task=task))
    assert any("class 'dog' has 3 pictures outside the test split" in line for line in lines)


def test_the_plan_counts_trainings():
    preset = Preset(epochs=12, top_k=1, seeds=1)
    plan = PlanMade(preset=preset, wanted=preset, precision="float32", folds=5)
    assert "12 epochs a training, 5 trainings a trial (one a fold);" in wording.describe_plan(plan)


def test_an_epoch_says_which_fold_it_is_of(capsys, monkeypatch):
    monkeypatch.setattr("imgcls_automl.cli.plain_lines.EPOCH_LINE_SECONDS", 0.0)
    PlainLines().observe(EPOCH)
    assert "trial 3: fold 2 of 5, epoch 2 of 12, loss 0.5000" in capsys.readouterr().err


def test_the_bar_counts_over_all_of_them():
    progress = Progress()
    progress.observe(EPOCH)
    (bar,) = progress.bars.values()
    assert (bar.done, bar.total) == (14, 60)
    assert bar.told.startswith("fold 2/5, epoch 2/12")


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((0.85, 0.95), "0.9000, the mean of 2 folds (0.8500 to 0.9500), 41s"),
        ((0.9,), "0.9000 in its first fold, 41s"),
        ((), "0.9000 in its first fold, 41s"),
    ],
)
def test_a_result_is_told_with_its_range(scores, told):
    assert training_wording.describe_trial(replace(RESULT, fold_scores=scores)).endswith(told)
