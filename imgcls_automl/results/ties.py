"""Which trials cannot be told from the leader by what they reached on validation."""

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
    size = _count_judged(run, trial)
    if not size or trial.score is None:
        return None
    from imgcls_automl.results.intervals import compute_wilson_interval

    return compute_wilson_interval(round(trial.score * size), size)


def can_judge(run: RunRecord, trial: TrialRecord) -> bool:
    """Whether the files tell how far chance moves a trial's score: of accuracy always, else by kept answers."""
    if run.metric == "accuracy":
        return _count_judged(run, trial) > 0
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

    Retrained trials are compared by what they answered, picture by picture in one run. Of others an accuracy alone
    tells how far it varies: two are compared as though each had been measured on pictures of its own. They were
    measured on the same ones, which makes true differences clearer than this test says: it errs towards a tie. By other
    metrics trials whose answers were not kept are not called tied.

    Raises:
        RunFolderError: A file of answers is damaged.
    """
    from imgcls_automl.results.paired_answers import differ_by_chance, read_answers

    theirs = read_answers(other_run, other.number)
    ours = read_answers(run, one.number) if theirs else None
    if theirs is None or ours is None:
        return _have_like_accuracies(run, one, other_run, other)
    # Other runs may have split the pictures otherwise.
    return differ_by_chance(ours, theirs, paired=run is other_run)


def count_pictures(run: RunRecord, trial: TrialRecord) -> int:
    """How many validation pictures a trial's score was measured on; 0 where no file tells."""
    if run.dataset is None:
        return 0
    train, validation, _ = run.dataset.split_sizes
    if not run.folds:
        return validation
    return train * max(1, len(trial.fold_scores)) // run.folds


def _count_tied(tied: Sequence[TrialRecord]) -> str:
    """`"Trial 4 is"`, `"Trials 4 and 7 are"`, `"12 trials are"`."""
    numbers = [str(trial.number) for trial in tied]
    if len(numbers) > _NAMED:
        return f"{len(numbers)} trials are"
    if len(numbers) == 1:
        return f"Trial {numbers[0]} is"
    return f"Trials {', '.join(numbers[:-1])} and {numbers[-1]} are"


def _have_like_accuracies(
    run: RunRecord, one: TrialRecord, other_run: RunRecord, other: TrialRecord
) -> bool:
    sizes = _count_judged(run, one), _count_judged(other_run, other)
    ours, theirs = _find_retrained_score(run, one), _find_retrained_score(other_run, other)
    if ours is None or theirs is None:
        ours, theirs = one.score, other.score
    if not all(sizes) or ours is None or theirs is None:
        return False
    variance = sum(p * (1 - p) / size for p, size in zip((ours, theirs), sizes, strict=True))
    return abs(ours - theirs) <= _Z * math.sqrt(variance)


def _find_retrained_score(run: RunRecord, trial: TrialRecord) -> float | None:
    contender = run.selection.find(trial.number) if run.selection else None
    return contender.score if contender and contender.retrained else None


def _count_judged(run: RunRecord, trial: TrialRecord) -> int:
    """The pictures that a trial's score is a share of; 0 where it is no accuracy."""
    return count_pictures(run, trial) if run.metric == "accuracy" else 0
