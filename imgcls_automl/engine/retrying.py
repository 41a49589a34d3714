"""Short tasks that can be done again at any time, asked of a worker a second time where the first one was lost."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.causes import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.messages import WorkerLost

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class LostError(Exception):
    """The worker was lost in the midst of a task."""

    def __init__(self, lost: WorkerLost) -> None:
        super().__init__(lost.detail)
        self.lost = lost


def ask_twice(executor: Executor, ask: Callable[[int], Answer], *, what: str) -> Answer:
    """Have an idle worker do a task and, where it is lost, another one: that may have had nothing to do with the task.

    A worker that hung is not asked again, for it would be waited for as long.

    Args:
        executor: Has the workers.
        ask: Gives the worker of this number the task, and waits for the answer; raises LostError.
        what: What is asked, in words that follow "the search space".

    Raises:
        BrokenPluginError: It was lost both times, or hung.
    """
    try:
        return ask(_await_idle(executor))
    except LostError as error:
        if error.lost.cause == Failure.HANG:
            raise _blame(error.lost, what, "was lost") from error
        logger.warning("Asked again: a worker was lost as the search space %s.", what)
    try:
        return ask(_await_idle(executor))
    except LostError as error:
        raise _blame(error.lost, what, "was lost twice") from error


def _await_idle(executor: Executor) -> int:
    while not executor.idle():  # one that was lost is being replaced
        executor.next_event(None)
    return executor.idle()[0]


def _blame(lost: WorkerLost, what: str, happened: str) -> BrokenPluginError:
    return BrokenPluginError(
        f"A worker {happened} ({lost.cause}) as the search space {what}: {lost.detail}.\n"
        "Where something else on the machine has ended it, run the command again; "
        "else this is for the space's author to mend."
    )
