"""The space's known-good points, asked of a worker: the search process runs no plugin code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.messages import Baselines, WorkerLost
from imgcls_automl.executors.tasks import BaselinesTask

if TYPE_CHECKING:
    from imgcls_automl.executors.executor import Executor


def ask_baselines(executor: Executor) -> list[dict[str, Any]]:
    """Complete parameter sets, in the order they should be tried; none where the space has none.

    Raises:
        BrokenPluginError: `baselines()` raised, or took its worker down.
    """
    worker = executor.idle()[0]
    executor.submit(worker, BaselinesTask())
    while True:
        event = executor.next_event(None)
        message = event[1] if event is not None and event[0] == worker else None
        if isinstance(message, Baselines):
            return message.parameters
        if isinstance(message, WorkerLost):
            raise BrokenPluginError(f"The search space's baselines() failed: {message.detail}.")
