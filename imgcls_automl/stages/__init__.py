"""The stages of a run, each a function that takes what the stage before gave."""

from __future__ import annotations

from imgcls_automl.stages.context import Run, make_budget, refuse_late_start
from imgcls_automl.stages.data import dataset_request, default_cache, opened_data
from imgcls_automl.stages.planning import make_plan, prepare_baselines, probe_speed
from imgcls_automl.stages.trials import opened_study, search_trials, settle_study
from imgcls_automl.stages.winner import choose_winner, compose_model, is_settled, refit_and_test
from imgcls_automl.stages.workers import ready_workers, start_executor

__all__ = [
    "Run",
    "choose_winner",
    "compose_model",
    "dataset_request",
    "default_cache",
    "is_settled",
    "make_budget",
    "make_plan",
    "opened_data",
    "opened_study",
    "prepare_baselines",
    "probe_speed",
    "ready_workers",
    "refit_and_test",
    "refuse_late_start",
    "search_trials",
    "settle_study",
    "start_executor",
]
