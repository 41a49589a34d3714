"""Pruning: the hopeless are stopped early, late bloomers are not, and all that are compared have equal schedules."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from in_process_executor import InProcessExecutor, learn
from optuna.trial import TrialState

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


GOOD = (0.90, 0.88, 0.86, 0.84)


def rise(final, epochs=12):
    """Scores that rise by the same step each epoch."""
    return [final * epoch / epochs for epoch in range(1, epochs + 1)]


def train(study, scores, timed_trials=None):
    """Train a trial that scores so after each epoch; returns how many epochs it was given."""
    study.pruner = choose_pruner(epochs=len(scores), timed_trials=timed_trials)
    trial = study.ask()
    for epoch, score in enumerate(scores, start=1):
        trial.report(score, epoch)
        if epoch < len(scores) and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return epoch
    study.tell(trial, scores[-1])
    return len(scores)


class TestHopelessTrials:
    @pytest.mark.parametrize(("epochs", "given"), [(3, 1), (5, 2), (12, 4), (24, 8), (100, 34)])
    def test_they_are_stopped_after_a_third(self, study, epochs, given):
        for final in GOOD:
            train(study, rise(final, epochs))
        assert train(study, rise(0.3, epochs)) == given

    def test_they_are_stopped_as_soon_as_they_have_fallen_behind(self, study):
        for final in GOOD:
            train(study, rise(final))
        assert train(study, [*rise(0.89)[:6], *[0.4] * 6]) == 7

    def test_they_are_known_by_a_loss_too(self, open_file):
        study = open_file(metric="log_loss")
        for final in GOOD:
            train(study, [1 - score for score in rise(final)])
        assert train(study, [1 - score for score in rise(0.3)]) == 4

    @pytest.mark.parametrize(("timed_trials", "given"), [(7, 4), (100, 12), (None, 12)])
    def test_where_time_is_for_few_two_trials_are_enough_to_compare_with(
        self, study, timed_trials, given
    ):
        for final in GOOD[:2]:
            train(study, rise(final), timed_trials)
        assert train(study, rise(0.3), timed_trials) == given

    def test_two_epochs_are_too_few_to_judge(self, study):
        for final in GOOD:
            train(study, rise(final, 2))
        assert train(study, rise(0.3, 2)) == 2


class TestLateBloomers:
    def test_who_is_last_while_the_learning_rate_rises_goes_on(self, study):
        for final in GOOD:
            train(study, rise(final))
        assert train(study, [0.01, 0.01, 0.01, *rise(0.95)[3:]]) == 12

    def test_who_is_below_the_median_goes_on(self, study):
        for final in GOOD:
            train(study, rise(final))
        assert train(study, [*rise(0.86)[:9], *rise(0.95)[9:]]) == 12

    def test_baselines_alone_set_no_mark(self, study):
        for final in GOOD[:2]:
            train(study, rise(final))
        assert [train(study, rise(final)) for final in (0.8, 0.7)] == [12, 12]


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
        made = stages.make_plan(
            run, DATASET, executor.wait_ready(), [{"x": 0.5, "y": 0.5}], executor
        )
        assert executor.tasks == []  # no probe that would plan anew
        return made.epochs

    config = RunConfig(space="s", data="d", out=tmp_path / "run", trials=5, preset="best")
    with new_run_folder(config) as folder:
        before = plan(folder, config)
    with existing_run_folder(tmp_path / "run") as folder:
        assert plan(folder, replace(config, trials=None, timeout=30.0)) == before == 100
