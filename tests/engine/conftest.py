"""A study in a file, and a plan to search with."""

from __future__ import annotations

import time

import pytest
from in_process_executor import InProcessExecutor

from imgcls_automl.engine.budget import Budget
from imgcls_automl.engine.loop import run_trials
from imgcls_automl.engine.planning import SearchPlan
from imgcls_automl.engine.pruning import choose_pruner
from imgcls_automl.engine.study import close_study, open_study


@pytest.fixture
def open_file(tmp_path):
    """Open a study in a SQLite file; all are closed at the end."""
    opened = []

    def open_file(name="study.db", metric="accuracy"):
        opened.append(open_study(tmp_path / name, metric=metric))
        return opened[-1]

    yield open_file
    for study in opened:
        close_study(study)


@pytest.fixture
def study(open_file):
    study = open_file()
    study.pruner = choose_pruner(epochs=1)  # none, unless a test sets one
    return study


@pytest.fixture
def make_plan(tmp_path):
    """A plan for so many trials, or so many seconds from now."""
    trials = tmp_path / "trials"
    trials.mkdir()

    def make(count=None, *, seconds=None, started=None, **changes):
        budget = Budget(trials=count, started=started or time.time(), seconds=seconds)
        usual = {"metric": "accuracy", "seed": 0, "epochs": 2, "precision": "float32"}
        return SearchPlan(
            folder=trials, budget=budget, **({"refit_growth": 1.25} | usual | changes)
        )

    return make


@pytest.fixture
def seen():
    return []


@pytest.fixture
def search(study, seen):
    """Search with trials that play out as told; returns the executor."""

    def search(play, plan, workers=1):
        executor = InProcessExecutor(play, workers)
        run_trials(study, executor, plan, seen.append)
        return executor

    return search
