"""Which trials cannot be told from the leader by their validation scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.trial_record import TrialRecord

_Z = 1.959963984540054  # of the normal distribution, two-sided 95%


def measure_interval(run: RunRecord, trial: TrialRecord) -> tuple[float, float] | None:
    """The 95% interval of a trial's validation accuracy; None for other metrics, whose spread no file tells."""
    size = _count_pictures(run, trial)
    if not size or trial.score is None:
        return None
    from imgcls_automl.results.intervals import compute_wilson_interval

    return compute_wilson_interval(round(trial.score * size), size)


def list_ties(run: RunRecord, leader: TrialRecord | None) -> list[TrialRecord]:
    """Complete trials whose accuracy is within chance of the leader's, the best first; none for other metrics.

    Two proportions are compared as though each trial had been scored on pictures of its own. They were scored on the
    same ones, which makes true differences clearer than this test says: it errs towards a tie.
    """
    if leader is None:
        return []
    tied = [
        trial
        for trial in run.trials
        if trial.state == "complete" and trial is not leader and are_tied(run, leader, run, trial)
    ]
    return sorted(tied, key=lambda trial: -(trial.score or 0.0))


def are_tied(run: RunRecord, one: TrialRecord, other_run: RunRecord, other: TrialRecord) -> bool:
    """Whether the accuracies of two trials, of one run or of two on the same data, are within chance of each other."""
    sizes = _count_pictures(run, one), _count_pictures(other_run, other)
    if not all(sizes) or one.score is None or other.score is None:
        return False
    scores = one.score, other.score
    variance = sum(p * (1 - p) / size for p, size in zip(scores, sizes, strict=True))
    return abs(one.score - other.score) <= _Z * math.sqrt(variance)


def _count_pictures(run: RunRecord, trial: TrialRecord) -> int:
    """How many validation pictures a trial's accuracy was measured on; 0 where it is no accuracy."""
    if run.metric != "accuracy" or run.dataset is None:
        return 0
    train, validation, _ = run.dataset.split_sizes
    if not run.folds:
        return validation
    return train * max(1, len(trial.fold_scores)) // run.folds
