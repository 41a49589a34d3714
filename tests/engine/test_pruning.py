"""The choice of a pruner by trials and epochs, and that it compares trials of equal schedules."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from in_process_executor import InProcessExecutor, learn
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

from imgcls_automl import stages
from imgcls_automl.config import RunConfig
from imgcls_automl.data.dataset import Dataset
from imgcls_automl.engine.pruning import choose_pruner
from imgcls_automl.plugin import ImageTask
from imgcls_automl.run_folder import existing_run_folder, new_run_folder

DATASET = Dataset(
    task=ImageTask(image_shape=(28, 28, 1), class_names=("cat", "dog"), class_counts=(500, 500)),
    images=Path("i.npy"),
    labels=Path("l.npy"),
    splits=Path("s.npy"),
    fingerprint="abc",
    split_sizes=(1000, 250, 250),
    unreadable=0,
    adapter="folder",
    plugin="imgcls-automl 0.1.0",
    reason="a folder of pictures",
    resize="stretch",
    cached=False,
)


@pytest.mark.parametrize(
    ("trials", "epochs", "kind"),
    [
        (3, 2, NopPruner),
        (500, 2, NopPruner),
        (20, 12, MedianPruner),
        (None, 12, MedianPruner),
        (99, 24, MedianPruner),
        (100, 24, HyperbandPruner),
        (500, 5, MedianPruner),
    ],
)
def test_it_suits_the_budget(trials, epochs, kind):
    assert type(choose_pruner(trials=trials, epochs=epochs)) is kind


def test_a_resumed_run_trains_the_epochs_it_began_with(tmp_path):
    # Optuna compares epoch 4 with epoch 4: of 24 and of 6 epochs, they would not be the same share of a schedule.
    def plan(folder, config):
        executor = InProcessExecutor(learn)
        run = stages.Run(
            config=config,
            folder=folder,
            budget=stages.make_budget(config, time.time()),
            observe=lambda event: None,
        )
        epochs = stages.make_plan(run, DATASET, [{"x": 0.5, "y": 0.5}], executor).epochs
        assert executor.tasks == []  # no probe that would plan anew
        return epochs

    config = RunConfig(space="s", data="d", out=tmp_path / "run", trials=5, preset="best")
    with new_run_folder(config) as folder:
        before = plan(folder, config)
    with existing_run_folder(tmp_path / "run") as folder:
        assert plan(folder, replace(config, trials=None, timeout=30.0)) == before == 100
