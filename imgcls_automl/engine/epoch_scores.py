"""What trials score epoch by epoch: written to the study, compared in memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState, create_trial

from imgcls_automl.engine.study import report_score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.trial import Trial


class EpochScores:
    """Reports the scores of running trials, and tells who is behind by the rule of the study's pruner.

    `trial.should_prune()` reads all unfinished trials from the file at every epoch, which takes most of what an epoch
    costs the search process. Only complete trials are compared with, so they are read again when one has ended.

    Args:
        study: Written to; its direction and its pruner decide.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self._complete = optuna.create_study(
            storage=optuna.storages.InMemoryStorage(),
            study_name="complete trials, to compare with",
            direction=study.direction,
        )
        self._copied: set[int] = set()
        self._running: dict[int, dict[int, float]] = {}
        self._copy_complete()

    def begin(self, trial: Trial) -> None:
        """Follow a trial from here on; the study may have its first epochs, from before the search was killed."""
        known = self._study.get_trials(deepcopy=False)[trial.number]
        self._running[trial.number] = _drop_forgotten(known.intermediate_values)

    def begin_training(self, trial: Trial, epochs: int) -> None:
        """Forget what was reported of a trial beyond so many epochs: the others are made once more.

        They may be those of another training, which memory was too short for and that is tried again at half the
        batch size. The study cannot take a report back; not a number is how it says that there is none.
        """
        scores = self._running[trial.number]
        for epoch in [it for it in scores if it > epochs]:
            report_score(trial, math.nan, epoch)
            del scores[epoch]

    def report(self, trial: Trial, score: float, epoch: int) -> None:
        """Report an epoch's score to the study, unless it has it."""
        scores = self._running[trial.number]
        if epoch not in scores:
            report_score(trial, score, epoch)
            scores[epoch] = score

    def is_behind(self, trial: Trial) -> bool:
        """Whether the study's pruner would stop a trial after what was reported of it."""
        scores = self._running[trial.number]
        reached = create_trial(state=TrialState.RUNNING, intermediate_values=scores)
        return bool(self._study.pruner.prune(self._complete, reached))

    def end(self, trial: Trial) -> None:
        """Forget a trial that was told to the study, and from here on compare with it if it is complete."""
        self._running.pop(trial.number, None)
        self._copy_complete()

    def _copy_complete(self) -> None:
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            if trial.number not in self._copied:
                self._copied.add(trial.number)
                scores = _drop_forgotten(trial.intermediate_values)
                self._complete.add_trial(
                    create_trial(value=trial.value, intermediate_values=scores)
                )


def _drop_forgotten(scores: Mapping[int, float]) -> dict[int, float]:
    return {epoch: score for epoch, score in scores.items() if not math.isnan(score)}
