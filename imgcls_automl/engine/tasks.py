"""Tasks of a kind, spread over the workers and watched until each has its result."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.events import TrainingBegun, TrainingEnded
from imgcls_automl.executors.causes import TIMEOUT, Failure
from imgcls_automl.executors.messages import EpochReport, Verdict, WorkerLost
from imgcls_automl.executors.results import MemberResult, ProbeResult, RetrainResult
from imgcls_automl.executors.tasks import MemberTask, ProbeTask, RefitTask, RetrainTask
from imgcls_automl.trial_files import read_member, read_retraining

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

    A training whose worker died, not of what it did, is done once more: it goes on after its last checkpoint.

    Args:
        executor: Does them.
        tasks: Of `executors.tasks`; they may send `EpochReport`s and end with one message.
        deadline: Seconds since the epoch, after which trainings are told to stop; None for never.
        observe: Told of every message, and of each training's begin and end.
        patience: Seconds after the deadline that what follows a training may take before its worker is taken to
            hang; None for as long as it shows progress.

    Returns:
        The message each task ended with, in their order; None where its worker was lost on it for good.
    """
    results: list[Any] = [None] * len(tasks)
    names = [_name_training(task, at, len(tasks)) for at, task in enumerate(tasks, start=1)]
    waiting = list(range(len(tasks)))
    end = None if deadline is None or patience is None else deadline + patience
    running: dict[int, int] = {}
    again: set[int] = set()  # that a second worker has, or has had
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
            executor.answer(worker, Verdict(stop=TIMEOUT if late else None))
            observe(replace(message, what=names[running[worker]]))
            continue
        position = running.pop(worker)
        observe(message)
        if names[position]:
            observe(TrainingEnded(what=names[position]))
        if not isinstance(message, WorkerLost):
            results[position] = message
            continue
        results[position] = _read_written(tasks[position])
        if (
            results[position] is None
            and position not in again
            and _may_go_on(tasks[position], message)
        ):
            again.add(position)
            waiting.insert(0, position)
    return results


def _may_go_on(task: Any, lost: WorkerLost) -> bool:
    """Whether another worker may do what one was lost on: a hang, or too little memory, would only come again."""
    is_training = isinstance(task, RetrainTask | MemberTask | RefitTask)
    return is_training and lost.cause in (Failure.CRASH, Failure.LOST_WORKER)


def _read_written(task: Any) -> RetrainResult | MemberResult | None:
    """What a worker had written of a training before it was lost; None where it had not ended."""
    if isinstance(task, RetrainTask):
        return read_retraining(task) if task.epochs else None
    return read_member(task) if isinstance(task, MemberTask) else None


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
