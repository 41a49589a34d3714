"""report.html: one self-contained page that tells a run's outcome, made from its files alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import write_text
from imgcls_automl.results.advice import list_advice
from imgcls_automl.results.baseline import find_best_baseline
from imgcls_automl.results.choice import describe_scoring, find_leader
from imgcls_automl.results.curves import draw_curves
from imgcls_automl.results.data_record import read_data_record
from imgcls_automl.results.figures import (
    format_interval,
    format_score,
    format_share,
    name_metric,
)
from imgcls_automl.results.final_model import describe_training, list_comparisons
from imgcls_automl.results.frontier import draw_frontiers
from imgcls_automl.results.history_damage import describe_history_damage
from imgcls_automl.results.leaderboard import build_leaderboard
from imgcls_automl.results.leaderboard_texts import (
    describe_floors,
    describe_shared,
    list_remarks,
)
from imgcls_automl.results.overfitting import describe_fit
from imgcls_automl.results.records import read_run
from imgcls_automl.results.reliability import draw_reliability
from imgcls_automl.results.report_album import make_album
from imgcls_automl.results.report_contenders import list_contenders
from imgcls_automl.results.report_errors import collect_errors
from imgcls_automl.results.report_study import draw_study
from imgcls_automl.results.report_tables import (
    format_seconds,
    make_board,
    shorten_column,
)
from imgcls_automl.results.result_page import render_page
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.shown_pictures import read_shown_pictures
from imgcls_automl.results.source_names import name_data, name_test_data
from imgcls_automl.results.ties import describe_ties, list_ties
from imgcls_automl.results.verdict import (
    describe_outcome,
    describe_trials,
    format_search_command,
    list_next_commands,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.report_study import StudyFigure
    from imgcls_automl.results.scores import TestScores
    from imgcls_automl.results.trial_record import TrialRecord

MAX_CLASSES = 100  # of a table with a line a class


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A headline number: `"Validation accuracy"`, `"92.5%"`, `"trial 5, epoch 9"`."""

    name: str
    value: str
    note: str


def write_report(folder: Path) -> Path:
    """Write report.html into a run folder and return its path.

    Works for a run that is still going on or was interrupted, with what there is. The page loads nothing; its scripts
    sort tables and draw figures, and all else works without them.

    Raises:
        RunFolderError: It is no run folder, or a file of it is damaged.
    """
    run = read_run(folder)
    scores = read_scores(folder)
    names = [it.name for it in scores.classes] if scores else []
    shown = read_shown_pictures(folder / "best", classes=len(names)) if scores else None
    album = make_album(shown, names) if shown else None
    errors = collect_errors(scores, album) if scores else None
    board = build_leaderboard([run])
    leader = find_leader(run)
    tied = list_ties(run, leader)
    by_number = {trial.number: trial for trial in run.trials}
    values = {
        "run": run,
        "scores": scores,
        "leader": leader,
        "title": _make_title(run),
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "metric": name_metric(run.metric),
        "trials": describe_trials(run),
        "outcome": [
            *describe_outcome(run, scores, ties=describe_ties(run, leader, tied)),
            *filter(None, [describe_history_damage(run.trials)]),
        ],
        "advice": list_advice(
            run, scores, leader=leader, tied=tied, pairs=errors.pairs if errors else ()
        ),
        "tiles": _make_tiles(run, scores, leader),
        "commands": list_next_commands(run, scores),
        "search_command": format_search_command(run),
        "board": make_board(board, run, leader),
        "remarks": [*list_remarks(board), *describe_floors(board)],
        "contenders": list_contenders(run),
        "shared": [(shorten_column(column), value) for column, value in describe_shared(board)],
        "curves": draw_curves(
            [by_number[row["trial"]] for row in board.rows],
            run.metric,
            leader.number if leader else None,
        ),
        "fit": describe_fit(leader) if leader else "",
        "frontiers": draw_frontiers(run, leader.number if leader else None),
        "training": describe_training(run),
        "comparisons": list_comparisons(scores) if scores else [],
        "reliability": draw_reliability(folder) if scores else None,
        "album": album,
        "errors": errors,
        "within": "best/",  # where the files of the errors lie
        "data": read_data_record(folder),
        "source": name_data(run),
        "test_source": name_test_data(run),
        "max_classes": MAX_CLASSES,
        "figures": draw_study(folder, run.metric),
    }
    path = folder / "report.html"
    write_text(path, _render(values))
    return path


def _make_title(run: RunRecord) -> str:
    """Space and sources, without the folders they lie in: those stand in the command that reproduces the run."""
    return f"{run.space} on {name_data(run)}"


def _render(values: dict[str, Any]) -> str:
    figures: Sequence[StudyFigure] = values["figures"]
    if not figures:
        return render_page("report.html.jinja", {**values, "plotly": "", "figure_data": ""})
    from markupsafe import Markup

    from imgcls_automl.pages.plotly_bundle import load_plotly

    bundle = load_plotly()
    data = _embed_json({it.key: it.value for it in figures})
    values |= {"plotly": Markup(bundle.packed), "figure_data": Markup(data)}
    return render_page("report.html.jinja", values, plotly=bundle.script)


def _embed_json(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _make_tiles(
    run: RunRecord, scores: TestScores | None, leader: TrialRecord | None
) -> list[Tile]:
    tiles = []
    if scores and run.metric != "accuracy" and run.metric in scores.metrics:
        chosen = scores.metrics[run.metric]
        tiles.append(
            Tile(
                name=f"Test {name_metric(run.metric)}",
                value=format_score(run.metric, chosen.value),
                note=f"95% interval {format_interval(run.metric, chosen)}",
            )
        )
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
    total = sum(run.timings.values())
    if total:
        tiles.append(Tile(name="Time", value=format_seconds(total), note=describe_trials(run)))
    return tiles
