"""An ensemble is chosen greedily on validation, and only where it is better than the winner alone."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.engine.ensembling import average, choose_ensemble
from imgcls_automl.engine.opinions import Opinion

LABELS = np.arange(60) % 3


def opine(wrong, trial=0, sureness=0.8):
    """An opinion that is right but for these pictures, where it names the next class."""
    named = LABELS.copy()
    named[list(wrong)] = (LABELS[list(wrong)] + 1) % 3
    probabilities = np.full((60, 3), (1 - sureness) / 2)
    probabilities[np.arange(60), named] = sureness
    return Opinion(trial=trial, seed=1, flips=False, labels=LABELS, logs=np.log(probabilities))


def test_networks_with_different_mistakes_outvote_each_other():
    opinions = [opine(range(10)), opine(range(10, 20), 1), opine(range(20, 30), 2)]
    chosen = choose_ensemble(opinions, "accuracy")
    assert chosen.counts == (1, 1, 1)
    assert (chosen.score, chosen.single_score) == (1.0, pytest.approx(50 / 60))
    assert chosen.chosen == (1, 2)
    assert average(opinions, chosen.shares).argmax(axis=1).tolist() == LABELS.tolist()


def test_the_winner_stays_alone_where_nothing_is_better():
    chosen = choose_ensemble([opine([]), opine(range(30), 1)], "accuracy")
    assert chosen.counts == (1, 0)
    assert chosen.score == chosen.single_score == 1.0


def test_of_equal_scores_the_lower_log_loss_decides():
    chosen = choose_ensemble([opine(range(5), sureness=0.5), opine(range(5), 1, 0.8)], "accuracy")
    assert chosen.score == chosen.single_score
    assert chosen.loss < chosen.single_loss
    assert chosen.counts[1] > 0


def test_one_may_be_taken_more_than_once():
    chosen = choose_ensemble([opine(range(20)), opine(range(18, 22), 1)], "log_loss")
    assert chosen.counts[1] > chosen.counts[0] == 1
    assert sum(chosen.shares) == pytest.approx(1.0)
    assert chosen.score < chosen.single_score


def test_there_are_no_more_networks_than_the_time_allows():
    opinions = [opine(range(10)), opine(range(10, 20), 1), opine(range(20, 30), 2)]
    assert len(choose_ensemble(opinions, "accuracy", most=2).chosen) <= 1
    assert choose_ensemble(opinions, "accuracy", most=1).counts == (1, 0, 0)
