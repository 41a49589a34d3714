"""Tasks of a kind, spread over the workers and watched until each has its result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from imgcls_automl.executors.messages import (
    EpochReport,
    ProbeResult,
    ProbeTask,
    Verdict,
    WorkerLost,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgcls_automl.executors.executor import Executor


def run_tasks(
    executor: Executor,
    tasks: Sequence[Any],
    *,
    deadline: float | None,
    observe: Callable[[Any], None],
) -> list[Any]:
    """Have workers do tasks, each as soon as one is idle.

    Args:
        executor: Does them.
        tasks: Of `executors.messages`; they may send `EpochReport`s and end with one message.
        deadline: Seconds since the epoch, after which trainings are told to stop; None for never.
        observe: Told of every message.

    Returns:
        The message each task ended with, in their order; None where its worker died on it.
    """
    results: list[Any] = [None] * len(tasks)
    waiting = list(range(len(tasks)))
    running: dict[int, int] = {}
    while waiting or running:
        for worker in executor.idle():
            if waiting:
                running[worker] = waiting.pop(0)
                executor.submit(worker, tasks[running[worker]])
        event = executor.next_event(None)
        if event is None or event[0] not in running:
            continue
        worker, message = event
        if isinstance(message, EpochReport):
            late = deadline is not None and time.time() > deadline
            executor.answer(worker, Verdict(stop="timeout" if late else None))
        else:
            position = running.pop(worker)
            results[position] = None if isinstance(message, WorkerLost) else message
        observe(message)
    return results


def probe_epoch(
    executor: Executor, parameters: dict[str, Any], observe: Callable[[Any], None]
) -> float | None:
    """Seconds an epoch of a candidate takes, as a few of its steps tell; None where they cannot be trained."""
    (result,) = run_tasks(
        executor, [ProbeTask(parameters=parameters)], deadline=None, observe=observe
    )
    return result.epoch_seconds if isinstance(result, ProbeResult) else None
