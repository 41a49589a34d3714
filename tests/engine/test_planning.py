"""Epochs, candidates and seeds: what is planned for a data set and a time."""

from __future__ import annotations

import time

import pytest

from imgcls_automl.config import Preset
from imgcls_automl.config_sources import resolve_config
from imgcls_automl.engine.budget import CLOSING_SECONDS, LATER_SHARE, Budget
from imgcls_automl.engine.planning import (
    MOST_EPOCHS,
    count_later_trainings,
    count_retrainings,
    expect_trials,
    fit_to_time,
    make_preset,
    plan_epochs,
)
from imgcls_automl.pacing import SAFETY

MEDIUM = Preset(epochs=12, top_k=3, seeds=1)
BEST = Preset(epochs=24, top_k=3, seeds=3)


def fit(preset, seconds, **changes):
    """A preset for a command of so many seconds, of which none is spent; an epoch takes ten."""
    usual = {"epochs": 12, "epoch_seconds": 10.0, "refit_growth": 1.25}
    later_seconds = Budget(trials=None, started=0.0, seconds=seconds).later_seconds
    given = usual | {"seconds": seconds, "later_seconds": later_seconds} | changes
    return fit_to_time(preset, **given)


class TestEpochs:
    def test_the_preset_s_own_where_an_epoch_is_many_steps(self):
        assert plan_epochs(MEDIUM, 20_000) == plan_epochs(MEDIUM, 1_000_000) == 12

    def test_more_where_an_epoch_is_few(self):
        assert plan_epochs(MEDIUM, 5_000) == 24

    def test_never_more_than_the_most(self):
        assert plan_epochs(MEDIUM, 1) == MOST_EPOCHS


class TestFittingToTime:
    def test_all_of_it_where_there_is_time(self):
        assert fit(BEST, 10_000) == Preset(epochs=12, top_k=3, seeds=3)

    def test_seeds_are_given_up_first_then_candidates_then_epochs(self):
        plans = [fit(BEST, seconds) for seconds in range(2_400, 60, -20)]
        assert plans == sorted(plans, key=lambda p: (-p.epochs, -p.top_k * p.seeds))
        assert {(plan.top_k, plan.seeds) for plan in plans} == {
            (3, 3),
            (3, 2),
            (3, 1),
            (2, 1),
            (1, 1),
        }
        assert all(plan.epochs == 12 for plan in plans if plan.top_k > 1)

    def test_what_is_planned_fits(self):
        for seconds in range(100, 3_000, 50):
            plan = fit(MEDIUM, seconds)
            trainings = 1 + count_retrainings(plan.top_k, plan.seeds) + 1.25
            assert plan.epochs == 1 or trainings * plan.epochs * 10 < seconds

    @pytest.mark.parametrize("seconds", range(200, 4_000, 100))
    def test_the_search_leaves_time_for_what_is_planned(self, seconds):
        """It is given two fifths of the time, whatever is to follow it."""
        plan = fit(BEST, seconds)
        trainings = count_retrainings(plan.top_k, plan.seeds) + 1.25
        later = trainings * plan.epochs * 10 * SAFETY + CLOSING_SECONDS
        assert plan.top_k == 1 or later <= LATER_SHARE * seconds

    def test_what_runs_at_a_time_takes_the_time_of_one(self):
        """Of nine retrainings three at a time, on devices of their own."""
        assert fit(BEST, 1_000) == Preset(epochs=12, top_k=2, seeds=1)
        assert fit(BEST, 1_000, workers=3) == Preset(epochs=12, top_k=3, seeds=3)

    @pytest.mark.parametrize(
        ("workers", "ensemble", "trainings"),
        [
            (1, False, 9 * 5 + 1.25),
            (2, False, 5 * 5 + 1.25),
            (4, True, 3 * 5 + 3 * 1.25),
            (9, True, 5 + 2 * 1.25),
        ],
    )
    def test_rounds_are_counted(self, workers, ensemble, trainings):
        how = {"refit_growth": 1.25, "folds": 5, "ensemble": ensemble, "workers": workers}
        assert count_later_trainings(3, 3, **how) == trainings

    def test_one_epoch_at_least(self):
        assert fit(MEDIUM, 11).epochs == 1

    @pytest.mark.parametrize("folds", [2, 5])
    def test_a_trial_of_folds_costs_as_many_trainings_and_a_refit_one(self, folds):
        growth = folds / (folds - 1)
        for seconds in range(200, 12_000, 200):
            plan = fit(MEDIUM, seconds, refit_growth=growth, folds=folds)
            trials = 1 + count_retrainings(plan.top_k, plan.seeds)
            assert plan.epochs == 1 or (trials * folds + growth) * plan.epochs * 10 < seconds

    def test_an_ensemble_s_members_are_given_time_too(self):
        for seconds in range(200, 6_000, 100):
            plan = fit(BEST, seconds, ensemble=True)
            retrained = plan.top_k * plan.seeds
            trainings = 1 + count_retrainings(plan.top_k, plan.seeds) + 1.25 * retrained
            assert plan.epochs == 1 or trainings * plan.epochs * 10 < seconds


class TestPresetOfARun:
    def preset(self, *, seconds=None, epoch_seconds=None, **options):
        config = resolve_config({"space": "s", "data": "d", **options}, environment={})
        budget = Budget(trials=config.trials, started=time.time(), seconds=seconds)
        return make_preset(config, budget, 48_000, 1.25, epoch_seconds)

    def test_without_a_time_limit_it_depends_on_no_measure(self):
        assert self.preset(trials=3, epoch_seconds=100.0) == MEDIUM

    def test_stated_epochs_are_kept(self):
        assert self.preset(trials=3, epochs=2).epochs == 2

    def test_a_measured_epoch_shrinks_it_to_the_time(self):
        assert self.preset(seconds=300.0, epoch_seconds=20.0).epochs < 12

    @pytest.mark.parametrize(
        ("top_k", "seeds", "count"), [(1, 1, 0), (3, 1, 3), (1, 3, 3), (3, 3, 9)]
    )
    def test_a_single_training_is_not_repeated(self, top_k, seeds, count):
        assert count_retrainings(top_k, seeds) == count


class TestExpectedTrials:
    """An epoch takes ten seconds, and a training twelve of them."""

    def expect(self, seconds, epoch_seconds=10.0, preset=MEDIUM, **changes):
        usual = {"refit_growth": 1.25, "folds": 1, "ensemble": False, "workers": 1}
        budget = Budget(trials=None, started=time.time(), seconds=seconds)
        return expect_trials(preset, budget, epoch_seconds, **(usual | changes))

    def test_what_follows_the_search_leaves_no_time_for_them(self):
        # Three retrainings and a refit take 587 s of 1,200, with what is kept for safety.
        assert self.expect(1200) == 5

    def test_devices_of_their_own_take_turns_at_them(self):
        assert self.expect(1200, workers=3) > 3 * self.expect(1200)

    def test_folds_make_them_longer(self):
        assert self.expect(12_000, folds=5) < self.expect(12_000) / 5

    def test_there_are_none_where_time_is_too_short(self):
        assert self.expect(20) == 0

    @pytest.mark.parametrize(("seconds", "epoch_seconds"), [(None, 10.0), (1200, None)])
    def test_they_are_unknown_without_a_limit_or_a_measure(self, seconds, epoch_seconds):
        assert self.expect(seconds, epoch_seconds) is None

    @pytest.mark.parametrize(
        ("trials", "timed", "startup"),
        [(None, None, 8), (None, 7, 4), (None, 30, 7), (200, None, 10), (200, 7, 4), (7, 200, 4)],
    )
    def test_the_fewer_they_are_the_sooner_the_sampler_models(
        self, make_plan, trials, timed, startup
    ):
        assert make_plan(trials, timed_trials=timed).startup_trials == startup
