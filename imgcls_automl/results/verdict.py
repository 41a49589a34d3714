"""A run's outcome in words: how good the winner is, against what, and what to type next."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import flag
from imgcls_automl.results.records import STATES, lower_is_better
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.results.records import RunRecord, TrialRecord
    from imgcls_automl.results.scores import Estimate, TestScores

# Where a run's files went says nothing about how to get them again.
_NOT_REPRODUCED = ("out", "cache_dir", "fail_under", "storage", "study")


def describe_outcome(run: RunRecord, scores: TestScores | None) -> list[str]:
    """Say in a few sentences what came out, best news first. Texts are harmless."""
    sentences = [_describe_status(run), _describe_validation(run)]
    if scores:
        sentences += [_describe_test(run, scores), _compare_to_floor(scores)]
    return [sentence for sentence in sentences if sentence]


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
        commands = [f"imgcls-automl predict {folder} picture.jpg", f"imgcls-automl resume {folder}"]
        return [*commands, f"imgcls-automl leaderboard {folder}"]
    return [f"imgcls-automl resume {folder}", f"imgcls-automl leaderboard {folder}"]


def format_search_command(run: RunRecord) -> str:
    """The command line that starts this search again."""
    words = ["imgcls-automl search"]
    for name, value in run.config.items():
        if name not in _NOT_REPRODUCED and value not in (None, {}, []):
            words += [f"{flag(name)} {quote(word)}" for word in _format_option(name, value)]
    return " ".join(words)


def find_leader(run: RunRecord) -> TrialRecord | None:
    """The chosen winner or, while there is none, the best complete trial."""
    return run.winner or _find_best(run, [t for t in run.trials if t.state == "complete"])


def find_best_baseline(run: RunRecord) -> TrialRecord | None:
    """The best of the space's own proposals that ran to its end."""
    return _find_best(run, [t for t in run.trials if t.baseline and t.state == "complete"])


def show_path(folder: Path) -> str:
    """A folder as its user would name it: relative where it lies below the working folder."""
    try:
        return str(folder.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


def quote(word: str) -> str:
    """Quote a word for a POSIX shell, with nothing in it that a terminal would obey."""
    return shlex.quote(plain(word))


def format_share(value: float) -> str:
    """`"92.5%"`."""
    return f"{100 * value:.1f}%"


def format_score(metric: str, value: float) -> str:
    """A score as people say it: a percentage, or a plain number where the metric is a loss."""
    return f"{value:.4f}" if lower_is_better(metric) else format_share(value)


def format_interval(metric: str, estimate: Estimate) -> str:
    return f"{format_score(metric, estimate.low)} to {format_score(metric, estimate.high)}"


def name_metric(metric: str) -> str:
    """`"macro F1"`, `"log loss"`, `"accuracy"`."""
    return metric.replace("_", " ").replace("f1", "F1").replace("roc auc", "ROC AUC")


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


def _describe_validation(run: RunRecord) -> str:
    leader = find_leader(run)
    if leader is None or leader.score is None:
        return f"No trial is complete: {describe_trials(run)}."
    role = "won" if run.winner else "leads so far"
    metric = name_metric(run.metric)
    score = format_score(run.metric, leader.score)
    told = (
        f"Trial {leader.number} {role} among {describe_trials(run)}: "
        f"{score} {metric} on validation."
    )
    parts = [told, _explain_choice(run, leader), _compare_to_baseline(run, leader)]
    return " ".join(part for part in parts if part)


def _explain_choice(run: RunRecord, leader: TrialRecord) -> str:
    best = _find_best(run, [trial for trial in run.trials if trial.state == "complete"])
    if best is None or best.number == leader.number:
        return ""
    return f"Trial {best.number} scored better at first; retraining the best ones chose this one."


def _compare_to_baseline(run: RunRecord, leader: TrialRecord) -> str:
    baseline = find_best_baseline(run)
    if leader.baseline:
        so_far = "" if run.winner else " so far"
        return f"It is a baseline of the search space: the search found nothing better{so_far}."
    if baseline is None or baseline.score is None:
        return ""
    score = format_score(run.metric, baseline.score)
    return f"The best baseline, trial {baseline.number}, reached {score}."


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
    if accuracy.low > floor.high:
        return f"Always naming the most frequent training class would give {share}."
    return (
        f"Always naming the most frequent training class would give {share}: "
        "this model is not clearly better than that."
    )


def _find_best(run: RunRecord, trials: list[TrialRecord]) -> TrialRecord | None:
    scored = [(trial.score, trial) for trial in trials if trial.score is not None]
    sign = 1 if lower_is_better(run.metric) else -1
    return min(scored, key=lambda pair: sign * pair[0])[1] if scored else None


def _format_option(name: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}={text}" for key, text in value.items()]
    if isinstance(value, list):
        return ["x".join(str(item) for item in value)]
    return [f"{value:g}s" if name == "timeout" else str(value)]
