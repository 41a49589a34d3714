"""The space's known-good points, asked of a worker: the search process runs no plugin code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.engine.retrying import LostError, ask_twice
from imgcls_automl.executors.messages import Baselines, WorkerLost
from imgcls_automl.executors.tasks import BaselinesTask

if TYPE_CHECKING:
    from imgcls_automl.executors.executor import Executor


def ask_baselines(executor: Executor) -> list[dict[str, Any]]:
    """Complete parameter sets, in the order they should be tried; none where the space has none.

    Raises:
        BrokenPluginError: `baselines()` raised, or took its worker down, and the next one too.
    """

    def ask(worker: int) -> list[dict[str, Any]]:
        executor.submit(worker, BaselinesTask())
        while True:
            event = executor.next_event(None)
            message = event[1] if event is not None and event[0] == worker else None
            if isinstance(message, Baselines):
                return message.parameters
            if isinstance(message, WorkerLost):
                raise LostError(message)

    return ask_twice(executor, ask, what="was asked for its baselines()")
