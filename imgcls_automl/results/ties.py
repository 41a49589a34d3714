"""Which trials cannot be told from the leader by their validation scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imgcls_automl.results.figures import lower_is_better

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.trial_record import TrialRecord

_NAMED = 6  # tied trials at most that are told by their numbers
_Z = 1.959963984540054  # of the normal distribution, two-sided 95%


def measure_interval(run: RunRecord, trial: TrialRecord) -> tuple[float, float] | None:
    """The 95% interval of a trial's validation accuracy; None for other metrics, whose spread no file tells."""
    size = _count_pictures(run, trial)
    if not size or trial.score is None:
        return None
    from imgcls_automl.results.intervals import compute_wilson_interval

    return compute_wilson_interval(round(trial.score * size), size)


def can_judge(run: RunRecord, trial: TrialRecord) -> bool:
    """Whether the files tell how far chance moves a trial's score: of accuracy always, else by kept answers."""
    if run.metric == "accuracy":
        return _count_pictures(run, trial) > 0
    from imgcls_automl.results.paired_answers import has_answers

    return has_answers(run, trial.number)


def list_ties(run: RunRecord, leader: TrialRecord | None) -> list[TrialRecord]:
    """Complete trials that are within chance of the leader, the best first."""
    if leader is None:
        return []
    tied = [
        trial
        for trial in run.trials
        if trial.state == "complete" and trial is not leader and are_tied(run, leader, run, trial)
    ]
    sign = 1 if lower_is_better(run.metric) else -1
    return sorted(tied, key=lambda trial: sign * (trial.score or 0.0))


def describe_ties(run: RunRecord, leader: TrialRecord | None, tied: Sequence[TrialRecord]) -> str:
    """`"Trials 4 and 7 are statistically tied with the winner on validation."`; empty where no other is complete."""
    if leader is None or sum(trial.state == "complete" for trial in run.trials) < 2:
        return ""
    role = "the winner" if run.winner else "the leader"
    if tied:
        return f"{_count_tied(tied)} statistically tied with {role} on validation."
    if not can_judge(run, leader):
        return "Nothing tells how far chance moves these scores, so that no trial is called tied."
    others = "other trial" if run.metric == "accuracy" else "other retrained trial"
    return f"No {others} is within chance of {role} on validation."


def are_tied(run: RunRecord, one: TrialRecord, other_run: RunRecord, other: TrialRecord) -> bool:
    """Whether two trials, of one run or of two on the same data, are within chance of each other.

    Accuracies are proportions, and are compared as though each trial had been scored on pictures of its own. They were
    scored on the same ones, which makes true differences clearer than this test says: it errs towards a tie. How far
    other metrics vary a score does not tell: retrained trials are compared by what they answered, picture by picture in
    one run, and others are not called tied.
    """
    if run.metric != "accuracy":
        return _answer_alike(run, one, other_run, other)
    sizes = _count_pictures(run, one), _count_pictures(other_run, other)
    if not all(sizes) or one.score is None or other.score is None:
        return False
    scores = one.score, other.score
    variance = sum(p * (1 - p) / size for p, size in zip(scores, sizes, strict=True))
    return abs(one.score - other.score) <= _Z * math.sqrt(variance)


def _count_tied(tied: Sequence[TrialRecord]) -> str:
    """`"Trial 4 is"`, `"Trials 4 and 7 are"`, `"12 trials are"`."""
    numbers = [str(trial.number) for trial in tied]
    if len(numbers) > _NAMED:
        return f"{len(numbers)} trials are"
    if len(numbers) == 1:
        return f"Trial {numbers[0]} is"
    return f"Trials {', '.join(numbers[:-1])} and {numbers[-1]} are"


def _answer_alike(
    run: RunRecord, one: TrialRecord, other_run: RunRecord, other: TrialRecord
) -> bool:
    from imgcls_automl.results.paired_answers import differ_by_chance, read_answers

    theirs = read_answers(other_run, other.number)
    ours = read_answers(run, one.number) if theirs else None
    if theirs is None or ours is None:
        return False
    # Other runs may have split the pictures otherwise.
    return differ_by_chance(ours, theirs, paired=run is other_run)


def _count_pictures(run: RunRecord, trial: TrialRecord) -> int:
    """How many validation pictures a trial's accuracy was measured on; 0 where it is no accuracy."""
    if run.metric != "accuracy" or run.dataset is None:
        return 0
    train, validation, _ = run.dataset.split_sizes
    if not run.folds:
        return validation
    return train * max(1, len(trial.fold_scores)) // run.folds
