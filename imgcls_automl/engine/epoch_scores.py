"""What trials score epoch by epoch: written to the study, compared in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState, create_trial

if TYPE_CHECKING:
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
        self._running[trial.number] = dict(known.intermediate_values)

    def report(self, trial: Trial, score: float, epoch: int) -> None:
        """Report an epoch's score to the study, unless it has it."""
        scores = self._running[trial.number]
        if epoch not in scores:
            trial.report(score, epoch)
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
                self._complete.add_trial(
                    create_trial(value=trial.value, intermediate_values=trial.intermediate_values)
                )
