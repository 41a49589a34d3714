"""How the winner was chosen, and what it was better than without any search, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.results.figures import beats, format_score, lower_is_better, name_metric
from imgcls_automl.results.ties import are_tied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.selection_record import ContenderRecord
    from imgcls_automl.results.trial_record import TrialRecord


def find_leader(run: RunRecord) -> TrialRecord | None:
    """The chosen winner or, while there is none, the best complete trial."""
    return run.winner or find_best(run, [t for t in run.trials if t.state == "complete"])


def find_best(run: RunRecord, trials: Sequence[TrialRecord]) -> TrialRecord | None:
    """The one of these trials with the best score in the search; None where none has a score."""
    scored = [(trial.score, trial) for trial in trials if trial.score is not None]
    sign = 1 if lower_is_better(run.metric) else -1
    return min(scored, key=lambda pair: sign * pair[0])[1] if scored else None


def find_contender(run: RunRecord, trial: TrialRecord) -> ContenderRecord | None:
    """What became of a trial among those the winner was chosen from; None where it was not one of them."""
    # A resumed run may have chosen another trial than the one whose model it still has.
    if run.selection is None or run.selection.winner != run.best_trial:
        return None
    return run.selection.find(trial.number)


def describe_scoring(run: RunRecord, trial: TrialRecord) -> str:
    """What a trial's score was measured on: `"on validation"`, `"on average over 5 folds (91.0% to 95.2%)"`."""
    if not run.folds:
        return "on validation"
    if len(trial.fold_scores) < 2:
        return f"on the first of {run.folds} folds"
    low, high = (format_score(run.metric, it(trial.fold_scores)) for it in (min, max))
    return f"on average over {len(trial.fold_scores)} folds ({low} to {high})"


def describe_choice(run: RunRecord, leader: TrialRecord) -> str:
    """`"Retrained with a fresh seed it reached 93.4%, ahead of trial 5 (93.1%)."`; empty where it was not."""
    contender = find_contender(run, leader)
    if contender is None or run.selection is None:
        return ""
    if not run.selection.retrained:
        return _explain_no_retraining(run)
    return f"{_compare_retrainings(run, contender, leader)}{_describe_shortening(run)}"


def _compare_retrainings(run: RunRecord, contender: ContenderRecord, leader: TrialRecord) -> str:
    assert run.selection is not None
    count = len(contender.results)
    seeds = "a fresh seed" if count == 1 else f"{count} fresh seeds"
    mean = "" if count == 1 and not run.folds else " on average"
    told = f"Retrained with {seeds} it reached {format_score(run.metric, contender.score)}{mean}"
    others = [it for it in run.selection.contenders if it is not contender]
    if not others:
        return f"{told}."
    runner_up = _sort_best_first(run, others)[0]
    told += _compare_to_runner_up(run, contender, leader, runner_up)
    best = find_best(run, [trial for trial in run.trials if trial.state == "complete"])
    if best is None or best.number == leader.number:
        return f"{told}."
    return f"{told}; in the search trial {best.number} had scored better."


def _compare_to_runner_up(
    run: RunRecord, contender: ContenderRecord, leader: TrialRecord, runner_up: ContenderRecord
) -> str:
    named = f"trial {runner_up.trial} ({format_score(run.metric, runner_up.score)})"
    if not beats(run.metric, contender.score, runner_up.score):
        return f", level with {named}"
    other = next((trial for trial in run.trials if trial.number == runner_up.trial), None)
    by_chance = other is not None and are_tied(run, leader, run, other)
    return f", ahead of {named}{', which may be chance' if by_chance else ''}"


def _describe_shortening(run: RunRecord) -> str:
    """The fewest epochs in which a retraining was brought to its end; empty where none was short of time."""
    assert run.selection is not None
    planned = run.plan.get("epochs", 0) * (run.folds or 1)
    short = [it.epochs for one in run.selection.contenders for it in one.results if it.shortened]
    if not short:
        return ""
    fewest = min(short)
    return f" The time was short: retrainings were brought to their end in as few as {fewest} epochs of {planned}."


def _explain_no_retraining(run: RunRecord) -> str:
    planned = run.plan.get("top_k", 1) * run.plan.get("seeds", 1)
    complete = sum(trial.state == "complete" for trial in run.trials)
    if planned == 1 or complete == 1:
        return ""
    return "There was no time to retrain the best trials with fresh seeds: the search's own score chose it."


def describe_flips(run: RunRecord, leader: TrialRecord) -> str:
    """Whether the model averages over mirrored pictures, and what that changes on validation."""
    contender = find_contender(run, leader)
    if contender is None:
        return ""
    changes = [_describe_change("log_loss", contender.plain_loss, contender.flipped_loss)]
    if run.metric != "log_loss":
        scores = contender.plain_score, contender.flipped_score
        changes.insert(0, _describe_change(run.metric, *scores))
    change = ", ".join(changes)
    if contender.flips:
        return (
            "The model averages over each picture and its mirror, "
            f"which helps on validation: {change}."
        )
    return f"Averaging over mirrored pictures would not help on validation ({change}), so the model does not."


def compare_to_floor(run: RunRecord, leader: TrialRecord) -> str:
    """A warning where the leader is no better on validation than knowing the classes' frequencies; else nothing."""
    floor = run.floor
    if floor is None or leader.score is None or beats(run.metric, leader.score, floor):
        return ""
    return f"That is no better than the majority floor. {describe_floor(run.metric, floor)}"


def describe_floor(metric: str, floor: float) -> str:
    """`"Always naming the most frequent training class gives 11.3% accuracy on validation."`."""
    how = (
        "Always giving the training classes' shares"
        if lower_is_better(metric)
        else "Always naming the most frequent training class"
    )
    return f"{how} gives {format_score(metric, floor)} {name_metric(metric)} on validation."


def _describe_change(metric: str, plain: float, flipped: float) -> str:
    before, after = format_score(metric, plain), format_score(metric, flipped)
    name = name_metric(metric)
    return (
        f"{name} {before} either way" if before == after else f"{name} {after} instead of {before}"
    )


def _sort_best_first(
    run: RunRecord, contenders: Sequence[ContenderRecord]
) -> list[ContenderRecord]:
    return sorted(contenders, key=lambda it: it.score, reverse=not lower_is_better(run.metric))
