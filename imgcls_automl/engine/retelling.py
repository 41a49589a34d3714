"""Results that are on the disk and not in the study, told to it: a process was killed, or the study lost its end."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import TrialState

from imgcls_automl.engine.replaying import DoesNotFitError, replay_draws
from imgcls_automl.engine.study import BASELINE, ended_trials, report_score, tell_result
from imgcls_automl.errors import RunFolderError
from imgcls_automl.trial_files import CANDIDATE, RESULT, read_candidate, read_result
from imgcls_automl.trial_history import read_scores

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.trial import FrozenTrial, Trial

    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.messages import SuggestCall
    from imgcls_automl.executors.results import TrialResult
    from imgcls_automl.trial_files import StoredCandidate

logger = logging.getLogger(__name__)

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def tell_lost_results(study: optuna.Study, executor: Executor, trials: Path) -> list[int]:
    """Tell a study every result of a run's `trials/` folder that it does not know.

    Usually that is one at most, written a moment before its process was killed. A study that was truncated, or is gone,
    is filled again: each trial under its number, with the parameters it drew and the epochs it reported.

    Returns:
        The numbers that were told.

    Raises:
        RunFolderError: A trial's file is damaged, or missing where the study knows the trial's end.
    """
    known = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    told = []
    for number in find_finished(trials):
        frozen = known.get(number)
        if frozen is not None and frozen.state in _ENDED:
            continue
        folder = trials / str(number)
        result = read_result(folder)
        assert result is not None, "find_finished lists folders with a result"
        stored = read_candidate(folder) if (folder / CANDIDATE).is_file() else None
        tell_found(study, executor, frozen, number, result, stored, trials=trials)
        told.append(number)
    _check_files(study, trials)
    if told:
        logger.info("Results on the disk that the study was told now: trials %s.", told)
    return told


def tell_found(
    study: optuna.Study,
    executor: Executor,
    frozen: FrozenTrial | None,
    number: int,
    result: TrialResult,
    stored: StoredCandidate | None,
    *,
    trials: Path,
) -> None:
    """Tell a study one result on the disk.

    Args:
        study: Told.
        executor: Has the space draw again, to know the parameters' ranges, where the study does not know them.
        frozen: The study's trial of that number, which has not ended; None where it has none.
        number: Of the trial.
        result: How it ended.
        stored: Its candidate; None where it ended before it had one.
        trials: The run's `trials/` folder.
    """
    parameters = stored.params if stored else {}
    calls: list[SuggestCall] = []
    if parameters and (frozen is None or set(frozen.params) != set(parameters)):
        try:
            calls = replay_draws(executor, parameters, number=number)
        except DoesNotFitError as error:
            raise RunFolderError(
                f"{trials / str(number)} holds a trial that the search space does not know: {error}.\n"
                f"Carry over what still fits to a new run: imgcls-automl resume {trials.parent} --fork"
            ) from error
    attributes = {BASELINE: True} if stored and stored.baseline else {}
    trial = _claim(study, frozen, number, parameters, attributes)
    for call in calls:
        getattr(trial, call.method)(**call.arguments)
    reported = {} if frozen is None else frozen.intermediate_values
    for epoch, score in read_scores(trials / str(number), result.metric).items():
        if math.isnan(reported.get(epoch, math.nan)):
            report_score(trial, score, epoch)
    tell_result(study, trial, result)


def find_finished(trials: Path) -> list[int]:
    """The numbers of the trials whose result is on the disk, ascending."""
    return sorted(
        int(folder.name)
        for folder in trials.iterdir()
        if folder.name.isdecimal() and (folder / RESULT).is_file()
    )


def _claim(
    study: optuna.Study,
    frozen: FrozenTrial | None,
    number: int,
    parameters: dict[str, Any],
    attributes: dict[str, Any],
) -> Trial:
    """The study's trial of a number, running, which will draw the parameters that are stated."""
    if frozen is not None and frozen.state == TrialState.RUNNING:
        return optuna.trial.Trial(study, frozen._trial_id)
    for missing in range(len(study.get_trials(deepcopy=False)), number + 1):
        # One before it was under way when its process was killed: it is begun again, after this.
        fixed = parameters if missing == number else {}
        study.enqueue_trial(fixed, user_attrs=attributes if missing == number else None)
    while True:
        trial = study.ask()
        if trial.number == number:
            return trial


def _check_files(study: optuna.Study, trials: Path) -> None:
    """Refuse a run that lacks what it will need of a trial that has ended, or cannot read it."""
    for frozen in ended_trials(study):
        folder = trials / str(frozen.number)
        if read_result(folder) is None:
            raise RunFolderError(
                f"{folder / RESULT} is missing, though the study knows how trial {frozen.number} ended.\n"
                f"Restore it from a copy, or carry the other trials over: imgcls-automl resume {trials.parent} --fork"
            )
        if frozen.state == TrialState.COMPLETE:
            read_candidate(folder)
