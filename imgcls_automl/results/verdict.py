"""A run's outcome in words: how good the winner is, against what, and what to type next."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import DEFAULT_TIMEOUT, flag
from imgcls_automl.results.baseline import compare_to_baseline
from imgcls_automl.results.choice import (
    compare_to_floor,
    describe_choice,
    describe_flips,
    describe_scoring,
    find_leader,
)
from imgcls_automl.results.figures import format_interval, format_score, format_share, name_metric
from imgcls_automl.results.final_model import (
    describe_calibration,
    describe_ensemble,
    describe_gains,
    describe_shortening,
)
from imgcls_automl.results.trial_record import STATES
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.scores import TestScores

# Where a run's files went says nothing about how to get them again.
_NOT_REPRODUCED = ("out", "cache_dir", "fail_under", "storage", "study")


def describe_outcome(run: RunRecord, scores: TestScores | None, *, ties: str = "") -> list[str]:
    """Say in a few sentences what came out, best news first. Texts are harmless.

    Args:
        run: The run.
        scores: Of its winner on the test split, where it was tested.
        ties: What follows on who leads; see `ties.describe_ties`.
    """
    standing = " ".join(filter(None, (describe_standing(run), ties)))
    sentences = [_describe_status(run), standing, _describe_selection(run)]
    if scores:
        sentences += [
            _describe_test(run, scores),
            describe_gains(scores),
            _compare_to_floor(scores),
            _count_suspects(scores),
        ]
    return [sentence for sentence in sentences if sentence]


def describe_in_short(run: RunRecord, scores: TestScores | None) -> str:
    """`"Trial 5 won: 93.4% accuracy on test."`."""
    leader = find_leader(run)
    if leader is None or leader.score is None:
        return describe_standing(run)
    role, metric = "won" if run.winner else "leads so far", name_metric(run.metric)
    tested = scores.metrics.get(run.metric) if scores else None
    value, where = (tested.value, "test") if tested else (leader.score, "validation")
    score = format_score(run.metric, value)
    return f"Trial {leader.number} {role}: {score} {metric} on {where}."


def describe_standing(run: RunRecord) -> str:
    """Who leads or has won, by what score, and what it is better than."""
    leader = find_leader(run)
    if leader is None or leader.score is None:
        return f"No trial is complete: {describe_trials(run)}."
    role = "won" if run.winner else "leads so far"
    metric = name_metric(run.metric)
    score = format_score(run.metric, leader.score)
    told = (
        f"Trial {leader.number} {role} among {describe_trials(run)}: "
        f"{score} {metric} {describe_scoring(run, leader)}."
    )
    parts = [told, compare_to_floor(run, leader), compare_to_baseline(run, leader)]
    return " ".join(part for part in parts if part)


def describe_trials(run: RunRecord) -> str:
    """Count trials by state: `"12 trials (9 complete, 2 pruned, 1 failed)"`."""
    counts = Counter(trial.state for trial in run.trials)
    by_state = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    noun = "trial" if len(run.trials) == 1 else "trials"
    return f"{len(run.trials)} {noun} ({by_state})" if run.trials else "no trial yet"


def list_next_commands(run: RunRecord, scores: TestScores | None) -> list[str]:
    """What to type next, ready to be pasted into a shell."""
    folder = quote(show_path(run.folder))
    if scores:
        return [
            f"imgcls-automl predict {folder} picture.jpg",
            f"imgcls-automl report {folder}",
            f"imgcls-automl leaderboard {folder}",
            f"imgcls-automl resume {folder}{_more_budget(run)}",
        ]
    return [f"imgcls-automl resume {folder}", f"imgcls-automl leaderboard {folder}"]


def _more_budget(run: RunRecord) -> str:
    """What a finished search has to be given to go on: as much again."""
    if run.status != "complete":
        return ""
    trials, timeout = run.config.get("trials"), run.config.get("timeout")
    if trials is not None and timeout is None:
        return f" --trials {2 * int(trials)}"
    seconds = math.ceil(timeout or DEFAULT_TIMEOUT)
    return f" --timeout {seconds}s" if seconds % 60 else f" --timeout {seconds // 60}m"


def format_search_command(run: RunRecord) -> str:
    """The command line that starts this search again."""
    words = ["imgcls-automl search"]
    for name, value in run.config.items():
        if isinstance(value, bool):
            words += [flag(name)] if value else []
        elif name not in _NOT_REPRODUCED and value not in (None, {}, []):
            words += [f"{flag(name)} {quote(word)}" for word in _format_option(name, value)]
    return " ".join(words)


def show_path(folder: Path) -> str:
    """A folder as its user would name it: relative where it lies below the working folder."""
    try:
        return str(folder.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


def quote(word: str) -> str:
    """Quote a word for a POSIX shell, with nothing in it that a terminal would obey."""
    return shlex.quote(plain(word))


def _describe_status(run: RunRecord) -> str:
    resume = f"imgcls-automl resume {quote(show_path(run.folder))}"
    if run.status == "running":
        return (
            "This search is still running, or it was killed: "
            "this page shows what is on disk so far. "
            f"If nothing runs any more, go on with: {resume}"
        )
    if run.status == "interrupted":
        return f"This search was interrupted; all it finished is here. Go on with: {resume}"
    if run.status == "failed":
        return "This search failed: log.txt in the run folder says why."
    return ""


def _describe_selection(run: RunRecord) -> str:
    leader = find_leader(run)
    if leader is None:
        return ""
    parts = [
        describe_choice(run, leader),
        describe_flips(run, leader),
        describe_ensemble(run),
        describe_calibration(run),
        describe_shortening(run),
    ]
    return " ".join(part for part in parts if part)


def _describe_test(run: RunRecord, scores: TestScores) -> str:
    accuracy = scores.metrics["accuracy"]
    told = (
        f"On {scores.pictures:,} test pictures it had never seen, its accuracy is "
        f"{format_share(accuracy.value)} (95% interval {format_interval('accuracy', accuracy)})"
    )
    chosen = scores.metrics.get(run.metric)
    if chosen is None or run.metric == "accuracy":
        return f"{told}."
    return (
        f"{told} and its {name_metric(run.metric)} {format_score(run.metric, chosen.value)} "
        f"({format_interval(run.metric, chosen)})."
    )


def _compare_to_floor(scores: TestScores) -> str:
    accuracy, floor = scores.metrics["accuracy"], scores.metrics.get("majority_floor")
    if floor is None:
        return ""
    share = format_share(floor.value)
    if accuracy.low > floor.value:
        return f"Always naming the most frequent training class would give {share} there."
    return (
        f"Always naming the most frequent training class would give {share} there: "
        "this model is not clearly better than that."
    )


def _count_suspects(scores: TestScores) -> str:
    count = len(scores.suspects)
    if not count:
        return ""
    labels = "label looks" if count == 1 else "labels look"
    return (
        f"{count:,} {labels} wrong: check best/suspicious_labels.csv, the clearest first, and take back what you agree "
        "with by --exclude or --relabel."
    )


def _format_option(name: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}={text}" for key, text in value.items()]
    if isinstance(value, list) and name == "image_size":
        return ["x".join(str(item) for item in value)]
    if isinstance(value, list):
        return [str(item) for item in value]
    return [f"{value:g}s" if name == "timeout" else str(value)]
