"""Which trials' learning curves cannot be trusted, because their history.csv was cut or overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.trial_history import find_damage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.trial_record import TrialRecord

MOST_NAMED = 5
_UNFINISHED = ("running", "interrupted")  # a line may still be being written


def describe_history_damage(trials: Sequence[TrialRecord]) -> str:
    """Name the trials that have ended and whose history is damaged, in a sentence; empty where none is."""
    found = []
    for trial in trials:
        if trial.state in _UNFINISHED:
            continue
        # Of folds, some of the counted epochs may have been cut by a deadline.
        wanted = 0 if trial.fold_scores or trial.state != "complete" else trial.epochs
        damage = find_damage(trial.folder, wanted)
        if damage:
            found.append(f"trials/{trial.number}/history.csv ({damage})")
    if not found:
        return ""
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    named = ", ".join(found[:MOST_NAMED])
    return f"Damaged: {named}{more}. Learning curves show what can still be read."
