"""Candidates trained again: planned, remembered from before a kill, done where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.engine.opinions import is_damaged
from imgcls_automl.engine.study import trial_seed
from imgcls_automl.engine.tasks import run_tasks
from imgcls_automl.engine.time_shares import measure_epoch, pace_trainings
from imgcls_automl.executors.tasks import RetrainTask
from imgcls_automl.trial_files import drop_checkpoints, opinion_file, read_retraining

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.results import RetrainResult


def plan_retraining(plan: SearchPlan, number: int, index: int, *, epochs: int) -> RetrainTask:
    """A trial's retraining of this index, each with a seed of its own; with 0 epochs its kept weights are asked."""
    trial_folder = plan.folder / str(number)
    return RetrainTask(
        number=number,
        trial_folder=trial_folder,
        folder=trial_folder / f"retrained-{index}",
        seed=trial_seed(plan.seed, number) ^ (index + 1),
        epochs=epochs,
        precision=plan.precision,
        deadline=plan.budget.refit_deadline(),
    )


def recall_retraining(plan: SearchPlan, task: RetrainTask) -> RetrainResult | None:
    """What a retraining came to before the search was killed; None where it has to be done.

    It has, where what it said of validation cannot be read any more, and where it was shortened and there is time for
    all of it now.
    """
    known = read_retraining(task)
    if known is None or is_damaged(opinion_file(task.trial_folder, task.seed)):
        return None
    whole = measure_epoch(plan, task.number) * plan.epochs * (1 + plan.refit_growth)
    return None if known.shortened and plan.budget.has_time_for(whole) else known


def do_retrainings(
    executor: Executor,
    plan: SearchPlan,
    tasks: Sequence[RetrainTask],
    observe: Callable[[Any], None],
) -> list[RetrainResult | None]:
    """Have those done that have no result on the disk yet; returns all results, None where the worker died."""
    known = [recall_retraining(plan, task) for task in tasks]
    missing = [task for task, result in zip(tasks, known, strict=True) if result is None]
    refit = measure_epoch(plan, tasks[0].number) * plan.refit_growth * plan.epochs
    missing = pace_trainings(missing, plan, workers=len(executor.idle()), later=refit)
    deadline = plan.budget.refit_deadline()
    done = iter(run_tasks(executor, missing, deadline=deadline, observe=observe))
    for task in missing:
        drop_checkpoints(task.folder)  # of one whose worker died
    return [next(done) if result is None else result for result in known]
