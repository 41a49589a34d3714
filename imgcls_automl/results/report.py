"""report.html: one self-contained page that tells a run's outcome, made from its files alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import write_text
from imgcls_automl.pages.opening import open_templates
from imgcls_automl.results.choice import describe_scoring, find_best_baseline, find_leader
from imgcls_automl.results.curves import draw_curves
from imgcls_automl.results.data_record import read_data_record
from imgcls_automl.results.figures import (
    format_interval,
    format_score,
    format_share,
    name_metric,
)
from imgcls_automl.results.leaderboard import build_leaderboard
from imgcls_automl.results.leaderboard_texts import describe_floors, describe_shared
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report_tables import list_contenders, make_board
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.verdict import (
    describe_outcome,
    describe_trials,
    format_search_command,
    list_next_commands,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from imgcls_automl.results.data_record import DataRecord
    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.scores import ClassScore, TestScores
    from imgcls_automl.results.trial_record import TrialRecord

MAX_MATRIX_CLASSES = 30  # above it, the most confused pairs are listed instead
MAX_PAIRS = 20
MAX_FAILURES = 20
MAX_CLASSES = 100  # of a table with a line a class
MAX_GROUPS = 20  # the worst
MAX_SUSPECTS = 20  # the clearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A headline number: `"Test accuracy"`, `"92.5%"`, `"92.0% to 93.0%"`."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusedPair:
    """How many pictures of one class were taken for another, and their share of that class."""

    true: str
    predicted: str
    count: int
    share: float


def write_report(folder: Path) -> Path:
    """Write report.html into a run folder and return its path.

    Works for a run that is still going on or was interrupted, with what there is. The page loads
    nothing and runs no script.

    Raises:
        RunFolderError: It is no run folder, or a file of it is damaged.
    """
    run = read_run(folder)
    scores = read_scores(folder)
    path = folder / "report.html"
    write_text(path, _render(run, scores, read_data_record(folder)))
    return path


def list_confused_pairs(
    confusion: Sequence[Sequence[int]], class_names: Sequence[str]
) -> list[ConfusedPair]:
    """List the pairs of classes that are confused most, the most frequent first."""
    pairs = [
        ConfusedPair(
            true=class_names[row],
            predicted=class_names[column],
            count=count,
            share=count / sum(counts),
        )
        for row, counts in enumerate(confusion)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    return sorted(pairs, key=lambda pair: (-pair.count, -pair.share))[:MAX_PAIRS]


def _render(run: RunRecord, scores: TestScores | None, data: DataRecord | None) -> str:
    environment = open_templates("imgcls_automl.results")
    environment.filters["share"] = format_share
    environment.filters["per_cent"] = lambda value: f"{100 * value:.2f}"
    board = build_leaderboard([run])
    leader = find_leader(run)
    order = [row["trial"] for row in board.rows]
    by_number = {trial.number: trial for trial in run.trials}
    return environment.get_template("report.html.jinja").render(
        run=run,
        scores=scores,
        leader=leader,
        title=f"{run.space} on {run.data or 'pictures'}",
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        metric=name_metric(run.metric),
        trials=describe_trials(run),
        outcome=describe_outcome(run, scores),
        tiles=_make_tiles(run, scores, leader),
        commands=list_next_commands(run, scores),
        search_command=format_search_command(run),
        table=make_board(board, leader.number if leader else None),
        floors=describe_floors(board),
        contenders=list_contenders(run),
        shared=describe_shared(board),
        chart=draw_curves(
            [by_number[number] for number in order], run.metric, leader.number if leader else None
        ),
        failures=[trial for trial in run.trials if trial.state in ("failed", "infeasible")],
        max_failures=MAX_FAILURES,
        data=data,
        max_classes=MAX_CLASSES,
        **_make_test_section(scores),
    )


def _make_tiles(
    run: RunRecord, scores: TestScores | None, leader: TrialRecord | None
) -> list[Tile]:
    tiles = []
    if scores:
        accuracy = scores.metrics["accuracy"]
        interval = f"95% interval {format_interval('accuracy', accuracy)}"
        tiles.append(Tile(name="Test accuracy", value=format_share(accuracy.value), note=interval))
    if leader and leader.score is not None:
        score = format_score(run.metric, leader.score)
        scored = describe_scoring(run, leader) if run.folds else f"epoch {leader.epoch}"
        note = f"trial {leader.number}, {scored}"
        tiles.append(Tile(name=f"Validation {name_metric(run.metric)}", value=score, note=note))
    baseline = find_best_baseline(run)
    if baseline and baseline != leader and baseline.score is not None:
        score = format_score(run.metric, baseline.score)
        note = f"trial {baseline.number}, on validation"
        tiles.append(Tile(name="Best baseline", value=score, note=note))
    if scores and (floor := scores.metrics.get("majority_floor")):
        note = "naming the most frequent class"
        tiles.append(Tile(name="Majority floor", value=format_share(floor.value), note=note))
    return tiles


def _make_test_section(scores: TestScores | None) -> dict[str, Any]:
    if scores is None:
        return {
            "averages": [],
            "classes": [],
            "classes_left_out": 0,
            "groups": [],
            "groups_left_out": 0,
            "suspects": [],
            "suspects_left_out": 0,
            "matrix": None,
            "pairs": [],
        }
    names = [item.name for item in scores.classes]
    is_small = len(names) <= MAX_MATRIX_CLASSES
    weakest = sorted(scores.classes, key=_rate_class)
    shown = scores.classes if len(names) <= MAX_CLASSES else weakest[:MAX_CLASSES]
    return {
        "averages": [
            (name_metric(name), f"{it.value:.4f}", f"{it.low:.4f} to {it.high:.4f}")
            for name, it in scores.metrics.items()
        ],
        "classes": shown,
        "classes_left_out": len(names) - len(shown),
        "groups": scores.groups[:MAX_GROUPS],
        "groups_left_out": max(0, len(scores.groups) - MAX_GROUPS),
        "suspects": scores.suspects[:MAX_SUSPECTS],
        "suspects_left_out": max(0, len(scores.suspects) - MAX_SUSPECTS),
        "matrix": _shade(scores.confusion, names) if is_small and scores.confusion else None,
        "pairs": [] if is_small else list_confused_pairs(scores.confusion, names),
    }


def _shade(
    confusion: Sequence[Sequence[int]], names: Sequence[str]
) -> list[tuple[str, list[tuple[int, float]]]]:
    # By the share of the true class; the root lets rare mistakes be seen.
    return [
        (name, [(count, math.sqrt(count / max(sum(counts), 1))) for count in counts])
        for name, counts in zip(names, confusion, strict=True)
    ]


def _rate_class(item: ClassScore) -> float:
    return -1.0 if math.isnan(item.f1.value) else item.f1.value
