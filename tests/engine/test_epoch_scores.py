"""Scores of epochs: in the study once each, and compared as Optuna compares them, without reading the file again."""

from __future__ import annotations

import math
import random

import optuna
import pytest
import sqlalchemy

from imgcls_automl.engine.epoch_scores import EpochScores
from imgcls_automl.engine.pruning import choose_pruner

EPOCHS = 6


def complete(study, scores):
    """A trial that has ended with these scores."""
    trial = study.ask()
    for epoch, score in enumerate(scores, start=1):
        trial.report(score, epoch)
    study.tell(trial, scores[-1])


def draw_scores(dice, slope):
    height = dice.random()
    return [slope * height * epoch + dice.gauss(0.0, 0.3) for epoch in range(1, EPOCHS + 1)]


@pytest.mark.parametrize(("metric", "slope"), [("accuracy", 1.0), ("log_loss", -1.0)])
def test_who_is_behind_is_whom_optuna_would_prune(open_file, metric, slope):
    study, dice = open_file(metric=metric), random.Random(1)
    study.pruner = choose_pruner(epochs=EPOCHS)
    scores, told = EpochScores(study), []
    for _ in range(12):
        trial = study.ask()
        scores.begin(trial)
        for epoch, score in enumerate(drawn := draw_scores(dice, slope), start=1):
            scores.report(trial, score, epoch)
            told.append(scores.is_behind(trial))
            assert told[-1] == optuna.trial.Trial(study, trial._trial_id).should_prune()
        study.tell(trial, drawn[-1])
        scores.end(trial)
    assert 0 < sum(told) < len(told)


def test_trials_of_an_earlier_command_are_compared_with(study):
    study.pruner = choose_pruner(epochs=EPOCHS)
    for _ in range(4):
        complete(study, [0.9] * EPOCHS)
    scores, trial = EpochScores(study), study.ask()
    scores.begin(trial)
    scores.report(trial, 0.1, 2)
    assert scores.is_behind(trial)


def test_an_epoch_that_the_study_has_is_not_reported_again(study):
    trial = study.ask()
    trial.report(0.2, 1)
    scores = EpochScores(study)
    scores.begin(trial)
    scores.report(trial, 0.7, 1)
    scores.report(trial, 0.3, 2)
    assert study.trials[0].intermediate_values == {1: 0.2, 2: 0.3}


class TestTrainedAgain:
    """As where memory was too short in the third epoch, and half the batch size is tried."""

    @pytest.fixture
    def again(self, study):
        study.pruner = choose_pruner(epochs=EPOCHS)
        for _ in range(4):
            complete(study, [0.9] * EPOCHS)
        scores, trial = EpochScores(study), study.ask()
        scores.begin(trial)
        scores.begin_training(trial, 0)
        for epoch in (1, 2, 3):
            scores.report(trial, 0.95, epoch)
        scores.begin_training(trial, 0)
        return scores, trial

    def test_it_is_judged_by_the_second_training(self, again, study):
        scores, trial = again
        for epoch in (1, 2):
            scores.report(trial, 0.1 * epoch, epoch)
        assert scores.is_behind(trial)
        assert study.trials[-1].intermediate_values == pytest.approx(
            {1: 0.1, 2: 0.2, 3: math.nan}, nan_ok=True
        )

    def test_a_search_that_was_killed_meanwhile_knows_of_the_second_alone(self, again, study):
        scores, trial = again
        scores.report(trial, 0.1, 1)
        resumed = EpochScores(study)
        resumed.begin(trial)
        resumed.begin_training(trial, 1)
        resumed.report(trial, 0.2, 2)
        assert resumed.is_behind(trial)
        assert study.trials[-1].intermediate_values[2] == 0.2


def test_an_epoch_costs_a_write_however_many_trials_there_are(study):
    study.pruner = choose_pruner(epochs=EPOCHS)
    for _ in range(10):
        complete(study, [0.9] * EPOCHS)
    scores, running = EpochScores(study), [study.ask() for _ in range(3)]
    for trial in running:
        scores.begin(trial)
    said = []
    sqlalchemy.event.listen(
        study._storage._backend.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: said.append(statement.split()[0]),
    )
    for trial in running:
        scores.report(trial, 0.95, 3)
        scores.is_behind(trial)
    assert said.count("INSERT") == len(running)
    assert said.count("SELECT") <= 2 * len(running)  # whether the trial is there, and the epoch
