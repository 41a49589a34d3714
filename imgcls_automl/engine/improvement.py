"""How long ago the best trial was, counted in trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.engine.study import STATE, ended_trials, ranked_trials

if TYPE_CHECKING:
    import optuna

    from imgcls_automl.engine.budget import Budget


def trials_without_improvement(study: optuna.Study) -> int:
    """How many trials that count have ended since the best one did; 0 while there is no best one.

    The study knows the order in which they ended, over all commands that it was searched by.
    """
    best = next(iter(ranked_trials(study)), None)
    if best is None or best.datetime_complete is None:
        return 0
    return sum(
        trial.user_attrs.get(STATE) != "infeasible"
        and trial.datetime_complete is not None
        and trial.datetime_complete > best.datetime_complete
        for trial in ended_trials(study)
    )


def is_out_of_patience(study: optuna.Study, budget: Budget) -> bool:
    """Whether as many trials in a row as the budget allows have brought no new best."""
    return budget.patience is not None and trials_without_improvement(study) >= budget.patience
