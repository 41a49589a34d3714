"""A search that ends because trial after trial brings no new best."""

from __future__ import annotations

from dataclasses import replace

import pytest
from in_process_executor import InProcessExecutor, draw, end

from imgcls_automl.engine.improvement import trials_without_improvement
from imgcls_automl.engine.loop import run_trials
from imgcls_automl.events import SearchStopped


@pytest.fixture
def search(study, make_plan):
    """Search with trials of these scores, in turn (None for one that fails); returns the reasons told for its end."""

    def search(scores, patience, trials=None):
        def play(task):
            yield draw("x")
            score = scores[min(task.number, len(scores) - 1)]
            if score == "over":
                yield end(task, "infeasible", cause="over a limit", epochs=0)
            elif score is None:
                yield end(task, "failed", cause=f"crash {task.number}", epochs=0)
            else:
                yield end(task, score=score)

        plan = make_plan(trials)
        plan = replace(plan, budget=replace(plan.budget, patience=patience))
        seen = []
        run_trials(study, InProcessExecutor(play), plan, seen.append)
        return [event.reason for event in seen if isinstance(event, SearchStopped)]

    return search


def test_it_ends_after_so_many_in_a_row(study, search):
    assert search([0.5, 0.4, 0.6, 0.6, 0.1, 0.2], 3) == ["3 trials in a row brought no new best"]
    assert len(study.get_trials()) == 6  # a score that is only as good is no new best


def test_failed_ones_count_and_infeasible_ones_do_not(study, search):
    search([0.5, None, "over", "over", 0.4, 0.3], 3)
    assert len(study.get_trials()) == 6


def test_before_there_is_a_best_one_none_counts(study, search):
    search([None, None, None, 0.5, 0.4], 2)
    assert len(study.get_trials()) == 6


def test_a_resumed_search_counts_those_before_it(study, search):
    search([0.5, 0.4, 0.3], 3, trials=3)
    assert trials_without_improvement(study) == 2
    search([0.5, 0.4, 0.3], 3)
    assert len(study.get_trials()) == 4


def test_it_says_nothing_where_the_budget_was_spent(search):
    assert search([0.5, 0.6, 0.7], 3, trials=3) == []
