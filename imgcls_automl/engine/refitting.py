"""The winner's refit, given to a worker and watched until its model is saved and tested."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from imgcls_automl.engine.study import trial_seed
from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.messages import (
    EpochReport,
    RefitResult,
    RefitTask,
    Verdict,
    WorkerLost,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgcls_automl.engine.loop import SearchPlan
    from imgcls_automl.executors.executor import Executor

_TRIES = 2


def run_refit(
    executor: Executor,
    plan: SearchPlan,
    *,
    number: int,
    epochs: int,
    best: Path,
    observe: Callable[[Any], None],
) -> RefitResult:
    """Have a worker refit a trial and test the model.

    A worker that dies on it is replaced once; the second time the trial's kept weights are used as they are.

    Args:
        executor: Does it.
        plan: The search's folder, seed and budget.
        number: The winning trial.
        epochs: To train for; 0 to use the trial's kept weights.
        best: The run's `best/` folder.
        observe: Told of every `EpochReport`.

    Raises:
        BrokenPluginError: The worker died each time.
    """
    for tried in range(_TRIES):
        task = RefitTask(
            number=number,
            trial_folder=plan.folder / str(number),
            folder=best,
            seed=trial_seed(plan.seed, number),
            epochs=0 if tried else epochs,
            deadline=plan.budget.refit_deadline(),
        )
        worker = _wait_idle(executor)
        executor.submit(worker, task)
        result = _watch(executor, worker, task, observe)
        if result is not None:
            return result
    raise BrokenPluginError(
        f"The worker died {_TRIES} times while it refitted trial {number}.\nSee the run's log.txt."
    )


def _watch(
    executor: Executor, worker: int, task: RefitTask, observe: Callable[[Any], None]
) -> RefitResult | None:
    while True:
        event = executor.next_event(None)
        if event is None or event[0] != worker:
            continue
        message = event[1]
        if isinstance(message, RefitResult):
            return message
        if isinstance(message, WorkerLost):
            return None
        if isinstance(message, EpochReport):
            late = task.deadline is not None and time.time() > task.deadline
            executor.answer(worker, Verdict(stop="timeout" if late else None))
            observe(message)


def _wait_idle(executor: Executor) -> int:
    while not executor.idle():
        executor.next_event(None)
    return executor.idle()[0]
