"""Whether the search found anything clearly better than the best of the space's own proposals, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from imgcls_automl.results.choice import find_best, find_contender
from imgcls_automl.results.figures import beats, format_score
from imgcls_automl.results.ties import are_tied, can_judge, count_pictures
from imgcls_automl.results.trial_record import STATES

if TYPE_CHECKING:
    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.trial_record import TrialRecord


def find_best_baseline(run: RunRecord) -> TrialRecord | None:
    """The best of the space's own proposals that ran to its end."""
    return find_best(run, [it for it in run.trials if it.baseline and it.state == "complete"])


def compare_to_baseline(run: RunRecord, leader: TrialRecord) -> str:
    """How the leader compares with the best baseline; plainly, where its lead is none or may be chance.

    Raises:
        RunFolderError: A file of validation answers is damaged.
    """
    if leader.baseline:
        so_far = "" if run.winner else " so far"
        return f"It is a baseline of the search space: the search found nothing better{so_far}."
    baseline = find_best_baseline(run)
    if baseline is None or baseline.score is None or leader.score is None:
        return _explain_no_baseline(run)
    ours, theirs, when = leader.score, baseline.score, ""
    rival, winner = find_contender(run, baseline), find_contender(run, leader)
    if rival and winner:
        ours, theirs, when = winner.score, rival.score, " when retrained"
    told = f"The best baseline, trial {baseline.number}, reached {format_score(run.metric, theirs)}{when}"
    if not beats(run.metric, ours, theirs):
        return f"{told}: the search found nothing clearly better."
    return f"{told}{_doubt_lead(run, leader, baseline)}."


def _doubt_lead(run: RunRecord, leader: TrialRecord, baseline: TrialRecord) -> str:
    """What to hold against the leader's better score; empty where it is better by more than chance."""
    if are_tied(run, leader, run, baseline):
        return (
            f", too close to tell apart on {count_pictures(run, leader):,} validation pictures: "
            "the search found nothing clearly better"
        )
    if can_judge(run, leader) and can_judge(run, baseline):
        return ""
    return ": these scores alone do not say whether that is worse by more than chance"


def _explain_no_baseline(run: RunRecord) -> str:
    """What became of the space's own proposals, where none is there to compare with; empty where it has none."""
    counts = Counter(trial.state for trial in run.trials if trial.baseline)
    if not counts:
        return ""
    by_state = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    so_far = "" if run.winner else " so far"
    return (
        f"No baseline of the search space finished{so_far} ({by_state}), "
        "so the search was compared with none."
    )
