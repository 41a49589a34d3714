"""The Optuna study in a run folder: opened, asked, told, counted."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.trial import TrialState

from imgcls_automl.config import METRICS
from imgcls_automl.engine.constraints import list_constraints
from imgcls_automl.engine.study_file import close_storage, open_study_file
from imgcls_automl.executors.causes import CARRIED_OVER
from imgcls_automl.resuming import refuse_change
from imgcls_automl.trial_files import read_result

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.trial import FrozenTrial, Trial

    from imgcls_automl.executors.results import TrialResult

STUDY_NAME = "search"
METRIC = "metric"  # user attribute of the study
STATE = "state"  # user attributes of a trial
CAUSE = "cause"
BASELINE = "baseline"


def open_study(path: Path, *, metric: str) -> optuna.Study:
    """Open the study in a SQLite file, or make it.

    Raises:
        RunFolderError: The file is damaged, or another version of Optuna made it.
        ConfigError: It was searched by another metric.
    """
    study = open_study_file(
        path,
        name=STUDY_NAME,
        direction=optuna.study.StudyDirection[METRICS[metric].upper()],
        attributes={METRIC: metric},
    )
    refuse_change("metric", study.user_attrs[METRIC], metric)
    return study


def close_study(study: optuna.Study) -> None:
    """Close its file."""
    storage: Any = study._storage
    close_storage(getattr(storage, "_backend", storage))


def enqueue_baselines(study: optuna.Study, parameters: list[dict[str, Any]]) -> None:
    """Put known-good points before anything the sampler draws."""
    for point in parameters:
        study.enqueue_trial(point, user_attrs={BASELINE: True}, skip_if_exists=True)


def ask_trial(study: optuna.Study, *, seed: int, startup: int) -> Trial:
    """Ask for the next trial, its sampler seeded by `seed_sampler`."""
    trials = study.get_trials(deepcopy=False)
    waiting = [trial.number for trial in trials if trial.state == TrialState.WAITING]
    seed_sampler(study, waiting[0] if waiting else len(trials), seed=seed, startup=startup)
    return study.ask()


def seed_sampler(study: optuna.Study, number: int, *, seed: int, startup: int) -> None:
    """Make the sampler anew from the seed and a trial's number.

    So a resumed search, and a trial that is done again, draw what an uninterrupted search would have drawn.

    Args:
        study: Its sampler is replaced.
        number: The trial's that draws next.
        seed: The run's.
        startup: Random draws before TPE (Bergstra et al., 2011) models what it has seen.
    """
    study.sampler = _make_sampler(trial_seed(seed, number), startup)


def _make_sampler(seed: int, startup: int) -> optuna.samplers.BaseSampler:
    """TPE over groups of parameters that occur together, as in spaces whose later parameters depend on earlier ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup, group=True)


def trial_seed(seed: int, number: int) -> int:
    """A seed of its own for each trial of a run, below 2**31."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0] >> 1)


def running_trials(study: optuna.Study) -> list[Trial]:
    """Trials that were begun and never told: a killed or interrupted run left them."""
    frozen = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [optuna.trial.Trial(study, trial._trial_id) for trial in frozen]


def report_score(trial: Trial, score: float, epoch: int) -> None:
    """Report an epoch's score to the study, in place of what was reported of that epoch before.

    `trial.report` would keep the first report of an epoch.
    """
    trial.storage.set_trial_intermediate_value(trial._trial_id, epoch, score)


def put_back(study: optuna.Study, trials: list[Trial]) -> None:
    """Have trials that were begun wait to be asked for again, with the numbers, draws and epochs that they have."""
    for trial in trials:
        study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)


def tell_result(study: optuna.Study, trial: Trial, result: TrialResult) -> None:
    """Tell the study how a trial ended."""
    trial.set_user_attr(STATE, result.state)
    if result.cause:
        trial.set_user_attr(CAUSE, result.cause)
    if result.state == "complete":
        study.tell(trial, result.score, skip_if_finished=True)
    else:
        for name, value in list_constraints(result).items():
            trial.set_constraint(name, value)
        study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)


def ended_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Trials the study knows the end of, by number."""
    ends = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    return study.get_trials(deepcopy=False, states=ends)


def read_ended(study: optuna.Study, trials: Path) -> list[TrialResult]:
    """The results on the disk of trials that the study knows the end of, as they ended one after the other.

    Args:
        study: Knows the order.
        trials: The run's `trials/` folder.
    """
    ended = sorted(ended_trials(study), key=lambda trial: (trial.datetime_complete, trial.number))
    found = [read_result(trials / str(trial.number)) for trial in ended]
    return [result for result in found if result is not None]


def counted_trials(study: optuna.Study) -> int:
    """How many trials `--trials` counts: complete, pruned and failed ones of this run."""
    return sum(
        trial.user_attrs.get(STATE) != "infeasible" and not is_carried_over(trial)
        for trial in ended_trials(study)
    )


def is_carried_over(trial: FrozenTrial) -> bool:
    """Whether a trial only tells the sampler what another run has seen: it cannot win, and is not counted."""
    return trial.user_attrs.get(CAUSE) == CARRIED_OVER


def ranked_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Complete trials of this run, the best first; of equal ones the earlier."""
    found = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    complete = [trial for trial in found if not is_carried_over(trial)]
    sign = -1.0 if study.direction == optuna.study.StudyDirection.MAXIMIZE else 1.0
    return sorted(complete, key=lambda trial: (sign * (trial.value or 0.0), trial.number))
