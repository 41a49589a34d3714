"""The plan of a search without a time limit: nothing is timed, and what that may cost is told where it matters."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from imgcls_automl import stages
from imgcls_automl.config import RunConfig
from imgcls_automl.data.dataset import Dataset
from imgcls_automl.engine.budget import Budget
from imgcls_automl.executors.messages import Ready
from imgcls_automl.plugin import ImageTask
from imgcls_automl.run_folder import RunFolder


def plan(folder, *, train=60_000, precision="auto", precisions=("float32", "mixed_bfloat16")):
    """Plan a search of five trials on pictures of 28x28; returns what it tells."""
    task = ImageTask(image_shape=(28, 28, 1), class_names=("a", "b"), class_counts=(1, train - 1))
    dataset = Dataset(
        **{"task": task, "images": Path("i"), "labels": Path("l"), "splits": Path("s")},
        **{"fingerprint": "abc", "split_sizes": (train, 200, 200), "unreadable": 0},
        **{"adapter": "folder", "plugin": "imgcls-automl 0.1.0", "reason": "a folder"},
        **{"resize": "stretch", "cached": False},
    )
    told = []
    run = stages.Run(
        config=RunConfig(space="s", data=("d",), trials=5, precision=precision),
        folder=folder,
        budget=Budget(trials=5, started=time.time(), seconds=None),
        observe=told.append,
    )
    ready = Ready(backend="none", versions={}, device="CPU", precisions=precisions)
    stages.make_plan(run, dataset, ready, [], executor=None)
    return told[0]


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path, {})


def test_a_precision_that_might_save_time_is_named(folder):
    assert plan(folder).untried


@pytest.mark.parametrize(
    "others", [{"train": 1000}, {"precision": "float32"}, {"precisions": ("float32",)}]
)
def test_it_is_not_where_it_saves_little_was_chosen_or_is_not_there(folder, others):
    assert not plan(folder, **others).untried


def test_a_resumed_search_keeps_its_precision_and_is_told_nothing(folder):
    assert plan(folder).precision == "float32"
    assert not plan(folder).untried
