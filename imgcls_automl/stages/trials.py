"""The search: the study opened and brought up to date, trials run until the budget is spent."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from imgcls_automl.events import TrialsFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    import optuna

    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.stages.context import Run


@contextmanager
def opened_study(run: Run) -> Iterator[optuna.Study]:
    """The run's study, closed again when the block ends."""
    from imgcls_automl.engine.study import close_study, open_study

    study = open_study(run.folder.study, metric=run.config.metric)
    try:
        yield study
    finally:
        close_study(study)


def settle_study(run: Run, study: optuna.Study, dataset: Dataset, executor: Executor) -> None:
    """Bring study and trial folders to one state: results it was never told, trials of the run it was forked from."""
    from imgcls_automl.engine.carrying import carry_trials
    from imgcls_automl.engine.retelling import tell_lost_results

    if run.origin is not None:
        carried = carry_trials(study, executor, run.origin, dataset, run.config, run.folder.trials)
        if carried.numbers:  # scores compare at equal epochs: the other run's plan stands
            run.folder.update(plan=run.origin.plan)
        run.folder.update(forked_from=carried.to_json())
        run.observe(carried)
    tell_lost_results(study, executor, run.folder.trials)


def search_trials(run: Run, study: optuna.Study, plan: SearchPlan, executor: Executor) -> None:
    """Search until the budget is spent."""
    from imgcls_automl.engine.loop import run_trials
    from imgcls_automl.engine.pruning import choose_pruner
    from imgcls_automl.engine.study import read_ended
    from imgcls_automl.executors.results import TrialResult

    began = time.time()
    study.pruner = choose_pruner(epochs=plan.epochs, timed_trials=plan.timed_trials)
    run.folder.search_began = True
    earlier = read_ended(study, plan.folder)
    if earlier:
        run.observe(TrialsFound(results=earlier))

    def observe(event: Any) -> None:
        if isinstance(event, TrialResult):  # so that a killed run knows what it has spent
            run.folder.note_elapsed()
        run.observe(event)

    try:
        run_trials(study, executor, plan, observe)
    finally:
        run.folder.note_time("search", time.time() - began)
