"""The winner's refit, given to a worker and watched until its model is saved and tested."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.engine.study import trial_seed
from imgcls_automl.engine.tasks import run_tasks
from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.results import RefitResult
from imgcls_automl.executors.tasks import RefitTask
from imgcls_automl.trial_files import drop_checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.tasks import Composition
    from imgcls_automl.pacing import Pacing


def run_refit(
    executor: Executor,
    plan: SearchPlan,
    *,
    number: int,
    epochs: int,
    pacing: Pacing | None,
    closing: float,
    flips: bool,
    composition: Composition,
    best: Path,
    observe: Callable[[Any], None],
) -> RefitResult:
    """Have a worker refit a trial and test the model.

    Where it dies with its workers, as `run_tasks` tells, the trial's kept weights are used as they are, alone.

    Args:
        executor: Does it.
        plan: The search's folder, seed and budget.
        number: The winning trial.
        epochs: To train for; 0 to use the trial's kept weights.
        pacing: As in `RefitTask`.
        closing: Seconds that saving and testing the model should take at most.
        flips: Whether the winner is asked of pictures and their mirrors.
        composition: Of the model that is saved.
        best: The run's `best/` folder.
        observe: Told of every message.

    Raises:
        BrokenPluginError: The workers died on those, too.
    """
    task = RefitTask(
        number=number,
        trial_folder=plan.folder / str(number),
        folder=best,
        seed=trial_seed(plan.seed, number),
        epochs=epochs,
        precision=plan.precision,
        deadline=plan.budget.refit_deadline(closing),
        pacing=pacing,
        flips=flips,
        composition=composition,
    )
    careful = replace(task, epochs=0, composition=composition.without_members())
    # A slow machine may take long to save and test the model: it is not taken to hang for that.
    for attempt, patience in ((task, 2 * closing), (careful, None)):
        (result,) = run_tasks(
            executor, [attempt], deadline=task.deadline, observe=observe, patience=patience
        )
        if isinstance(result, RefitResult):
            return result
        drop_checkpoints(best)  # what killed the worker might kill the next one
    raise BrokenPluginError(
        f"The worker died again and again while it refitted trial {number}.\nSee the run's log.txt."
    )
