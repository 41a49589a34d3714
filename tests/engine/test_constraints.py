"""What the sampler learns of candidates that could not be trained."""

from __future__ import annotations

from dataclasses import replace

import optuna
import pytest
from in_process_executor import InProcessExecutor, draw, end

from imgcls_automl.engine.loop import run_trials
from imgcls_automl.engine.study import ask_trial, tell_result
from imgcls_automl.executors.results import TrialResult


def make_result(number, state, score):
    return TrialResult(
        number=number,
        state=state,
        score=score,
        metric="accuracy",
        epoch=None,
        epochs=0,
        planned_epochs=1,
        seconds=0.0,
        parameters=None,
        cause="out of memory" if state == "failed" else None,
    )


def endings(study):
    return {trial.number: (trial.state.name, trial.constraints) for trial in study.get_trials()}


@pytest.fixture
def search_two(study, make_plan):
    """A search of two trials, the first of which ends as told; returns how the study has them."""

    def search_two(state, cause, **changes):
        def play(task):
            yield draw("x")
            if len(study.get_trials()) == 1:
                yield end(task, state, cause=cause, **changes)
            else:
                yield end(task, score=0.5)

        run_trials(study, InProcessExecutor(play), make_plan(2), lambda event: None)
        return endings(study)

    return search_two


@pytest.mark.parametrize(
    "cause", ["not finite", "out of memory", "invalid architecture", "error in the space", "hang"]
)
def test_a_failed_trial_breaks_a_constraint_named_after_its_cause(search_two, cause):
    # As a mere failure the sampler would never hear of it.
    assert search_two("failed", cause)[0] == ("PRUNED", {cause: 1.0})


def test_a_model_over_its_limits_breaks_them_by_as_much_as_it_is_above(search_two):
    ended = search_two("infeasible", "over a limit", violations={"max_params": 0.28})
    assert ended[0] == ("PRUNED", {"max_params": 0.28})


def test_a_trial_that_went_well_breaks_none(search_two):
    assert search_two("pruned", "pruned")[0] == ("PRUNED", {})
    assert search_two("failed", "crash")[1] == ("COMPLETE", {})


@pytest.mark.parametrize("seed", range(3))
def test_duplicates_of_the_best_keep_the_sampler_from_none_of_a_small_space(seed):
    study = optuna.create_study(direction="maximize")
    scores, draws = {}, 0
    while len(scores) < 25 and draws < 100:  # of 30
        trial = ask_trial(study, seed=seed, startup=8)
        drawn = trial.suggest_int("x", 0, 4), trial.suggest_int("y", 0, 5)
        result = make_result(trial.number, "complete", -abs(drawn[0] - 1) - abs(drawn[1] - 4))
        if drawn in scores:
            result = replace(result, state="infeasible", score=None, cause="duplicate")
        scores.setdefault(drawn, result.score)
        tell_result(study, trial, result)
        draws += 1
    assert len(scores) == 25
    assert max(list(scores.values())[:20]) == 0  # the best of all


def test_the_sampler_keeps_away_from_what_fails():
    study = optuna.create_study(direction="maximize")
    drawn = []
    for _ in range(40):
        trial = ask_trial(study, seed=0, startup=8)
        x = trial.suggest_float("x", 0.0, 1.0)
        drawn.append(x)
        ending = ("failed", None) if x > 0.5 else ("complete", 0.5)  # as good as any other
        tell_result(study, trial, make_result(trial.number, *ending))
    assert sum(x > 0.5 for x in drawn[:8]) == 4  # at random
    assert sum(x > 0.5 for x in drawn[20:]) <= 6  # of twenty
