"""Candidates that were trained already: drawn again, they are not trained again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from imgcls_automl.engine.study import CARRIED_OVER
from imgcls_automl.trial_files import CANDIDATE, read_candidate, read_result

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.executors.results import TrialResult
    from imgcls_automl.plugin import Candidate


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
            if result is not None and _counts(result):
                known.admit(result.number, read_candidate(folder).candidate)
        return known

    def admit(self, number: int, candidate: Candidate) -> int | None:
        """Note a trial's candidate; the number of the trial that has the same one, or None where it is new."""
        key = json.dumps([dict(candidate.model), asdict(candidate.training)], sort_keys=True)
        known = self._numbers.setdefault(key, number)
        return None if known == number else known

    def forget_unfinished(self, result: TrialResult) -> None:
        """Let a candidate be drawn again whose trial taught nothing about it."""
        if not _counts(result):
            self._numbers = {
                key: number for key, number in self._numbers.items() if number != result.number
            }


def _counts(result: TrialResult) -> bool:
    # A trial that the clock or a crash has ended says little about its candidate.
    # One that another run has trained, under other conditions, is trained again.
    if result.cause == CARRIED_OVER:
        return False
    return result.state == "complete" or (result.state == "pruned" and result.cause != "timeout")
