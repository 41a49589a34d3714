"""An earlier trial's draws made once more by the space, to see whether they still fit it and what they mean."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import optuna

from imgcls_automl.engine.retrying import LostError, ask_twice
from imgcls_automl.executors.messages import SuggestAnswer, SuggestCall, WorkerLost
from imgcls_automl.executors.results import ReplayResult
from imgcls_automl.executors.tasks import ReplayTask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imgcls_automl.executors.executor import Executor


class DoesNotFitError(Exception):
    """An earlier trial's parameters are none of this space; says why."""


def replay_draws(
    executor: Executor,
    parameters: Mapping[str, Any],
    *,
    number: int,
    folder: Path | None = None,
    baseline: bool = False,
) -> list[SuggestCall]:
    """Have a worker's space draw, and answer it with what an earlier trial drew.

    Args:
        executor: An idle worker of it does the task.
        parameters: What that trial drew, by name.
        number: Of the trial in the study.
        folder: Where the candidate that the space makes of it goes; None to keep none.
        baseline: Whether the point came from the space itself.

    Returns:
        The calls, which a study's trial can be asked in turn.

    Raises:
        DoesNotFitError: The space draws another parameter, refuses a value, or draws one of them no more.
        BrokenPluginError: The worker was lost, and the next one too: whether they fit is not known.
    """
    task = ReplayTask(number=number, folder=folder, baseline=baseline)
    calls = ask_twice(
        executor,
        lambda worker: _replay(executor, worker, task, parameters),
        what=f"drew the parameters of trial {number} again",
    )
    unused = sorted(set(parameters) - {call.arguments["name"] for call in calls})
    if unused:
        raise DoesNotFitError(f"the space no longer draws {', '.join(unused)}")
    return calls


def _replay(
    executor: Executor, worker: int, task: ReplayTask, parameters: Mapping[str, Any]
) -> list[SuggestCall]:
    trial = optuna.trial.FixedTrial(dict(parameters))
    calls: list[SuggestCall] = []
    executor.submit(worker, task)
    while True:
        event = executor.next_event(None)
        message = event[1] if event is not None and event[0] == worker else None
        if isinstance(message, SuggestCall):
            calls.append(message)
            executor.answer(worker, _answer(trial, message))
        elif isinstance(message, WorkerLost):
            raise LostError(message)
        elif isinstance(message, ReplayResult):
            if message.refusal is not None:
                raise DoesNotFitError(message.refusal)
            return calls


def _answer(trial: optuna.trial.FixedTrial, call: SuggestCall) -> SuggestAnswer:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Optuna only warns of values out of range
            return SuggestAnswer(value=getattr(trial, call.method)(**call.arguments))
    except Exception as error:  # raised again where the space called
        return SuggestAnswer(error=ValueError(str(error)))
