"""Draws of a worker's space made on the study's trial, and whose fault it is where one cannot be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.executors.messages import SuggestAnswer
from imgcls_automl.storage_errors import tells_broken_storage

if TYPE_CHECKING:
    import optuna

    from imgcls_automl.executors.messages import SuggestCall


def make_draw(trial: optuna.Trial, call: SuggestCall) -> SuggestAnswer:
    """Make a space's call; what it asks wrongly is answered with the exception, to be raised where it called.

    Raises:
        Exception: The study cannot be kept or read, which ends the command and not the trial.
    """
    try:
        return SuggestAnswer(value=getattr(trial, call.method)(**call.arguments))
    except Exception as error:
        if tells_broken_storage(error):
            raise
        return SuggestAnswer(error=error)
