"""Tasks of a kind, spread over the workers and watched until each has its result."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.events import TrainingBegun, TrainingEnded
from imgcls_automl.executors.messages import EpochReport, Verdict, WorkerLost
from imgcls_automl.executors.results import ProbeResult
from imgcls_automl.executors.tasks import MemberTask, ProbeTask, RefitTask, RetrainTask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgcls_automl.executors.executor import Executor


def run_tasks(
    executor: Executor,
    tasks: Sequence[Any],
    *,
    deadline: float | None,
    observe: Callable[[Any], None],
    patience: float | None = 0.0,
) -> list[Any]:
    """Have workers do tasks, each as soon as one is idle.

    Args:
        executor: Does them.
        tasks: Of `executors.tasks`; they may send `EpochReport`s and end with one message.
        deadline: Seconds since the epoch, after which trainings are told to stop; None for never.
        observe: Told of every message, and of each training's begin and end.
        patience: Seconds after the deadline that what follows a training may take before its worker is taken to
            hang; None for as long as it shows progress.

    Returns:
        The message each task ended with, in their order; None where its worker died on it.
    """
    results: list[Any] = [None] * len(tasks)
    names = [_name_training(task, at, len(tasks)) for at, task in enumerate(tasks, start=1)]
    waiting = list(range(len(tasks)))
    end = None if deadline is None or patience is None else deadline + patience
    running: dict[int, int] = {}
    while waiting or running:
        for worker in executor.idle():
            if waiting:
                running[worker] = position = waiting.pop(0)
                executor.submit(worker, tasks[position], deadline=end)
                if names[position]:
                    observe(TrainingBegun(what=names[position], epochs=tasks[position].epochs))
        event = executor.next_event(None)
        if event is None or event[0] not in running:
            continue
        worker, message = event
        if isinstance(message, EpochReport):
            late = deadline is not None and time.time() > deadline
            executor.answer(worker, Verdict(stop="timeout" if late else None))
            observe(replace(message, what=names[running[worker]]))
            continue
        position = running.pop(worker)
        results[position] = None if isinstance(message, WorkerLost) else message
        observe(message)
        if names[position]:
            observe(TrainingEnded(what=names[position]))
    return results


def _name_training(task: Any, at: int, total: int) -> str:
    """`"retraining of trial 3 (2 of 3)"`; empty for a task that trains nothing."""
    if not isinstance(task, RetrainTask | MemberTask | RefitTask) or task.epochs == 0:
        return ""
    kind = "retraining" if isinstance(task, RetrainTask) else "refit"
    return f"{kind} of trial {task.number}" + (f" ({at} of {total})" if total > 1 else "")


def run_probe(
    executor: Executor, task: ProbeTask, *, deadline: float | None, observe: Callable[[Any], None]
) -> ProbeResult:
    """Measure how fast a candidate trains; a worker that dies on it has measured nothing."""
    (result,) = run_tasks(executor, [task], deadline=deadline, observe=observe)
    nothing = ProbeResult(precision=task.precisions[0], epoch_seconds=None)
    return result if isinstance(result, ProbeResult) else nothing
