"""Candidates that were trained already: drawn again, they are not trained again."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from imgcls_automl.executors.causes import CARRIED_OVER, LASTING_FAILURES, TIMEOUT
from imgcls_automl.trial_files import CANDIDATE, read_candidate, read_result

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.executors.results import TrialResult
    from imgcls_automl.plugin import Candidate
    from imgcls_automl.trial_files import StoredCandidate


class KnownCandidates:
    """The candidates a search has trained or is training, by content.

    Two different draws can make the same candidate, and do so often in small spaces.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @classmethod
    def read(cls, trials: Path) -> KnownCandidates:
        """Collect those of finished trials from a run's `trials/` folder."""
        known = cls()
        for folder in sorted(trials.iterdir(), key=lambda path: path.name):
            result = read_result(folder) if (folder / CANDIDATE).is_file() else None
            if result is not None:
                known.conclude(result, folder)
        return known

    def admit(self, number: int, candidate: Candidate) -> int | None:
        """Note a trial's candidate; the number of the trial that has the same one, or None where it is new."""
        key = json.dumps([dict(candidate.model), asdict(candidate.training)], sort_keys=True)
        known = self._numbers.setdefault(key, number)
        return None if known == number else known

    def conclude(self, result: TrialResult, folder: Path) -> None:
        """Note how a trial, whose folder is given, ended: one that taught nothing about its candidate is forgotten."""
        if _counts(result):
            stored = read_candidate(folder) if (folder / CANDIDATE).is_file() else None
            for candidate in _list_forms(stored) if stored else ():
                self.admit(result.number, candidate)
        else:
            self._numbers = {
                key: number for key, number in self._numbers.items() if number != result.number
            }


def _list_forms(stored: StoredCandidate) -> list[Candidate]:
    """A candidate as it was trained and, where memory was too short for that, as it was drawn."""
    trained = stored.candidate
    if stored.drawn_batch_size is None:
        return [trained]
    drawn = replace(trained.training, batch_size=stored.drawn_batch_size)
    return [trained, replace(trained, training=drawn)]


def _counts(result: TrialResult) -> bool:
    # A trial that the clock, or the end of its worker, has ended says little about its candidate. One that another run
    # has trained, under other conditions, is trained again.
    if result.cause == CARRIED_OVER:
        return False
    if result.state == "failed":
        return result.cause in LASTING_FAILURES
    return result.state == "complete" or (result.state == "pruned" and result.cause != TIMEOUT)
