"""An evaluation as one page that opens offline, in the style of the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import write_text
from imgcls_automl.results.corruptions import SEVERITIES
from imgcls_automl.results.evaluation_words import (
    METRIC_COLUMNS,
    POINT_COLUMNS,
    list_metrics,
    list_points,
    list_remarks,
)
from imgcls_automl.results.report_errors import collect_errors
from imgcls_automl.results.result_page import MAX_NAME, render_page
from imgcls_automl.results.scores import read_measured, read_scores
from imgcls_automl.results.threshold_curves import draw_threshold_curves
from imgcls_automl.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.results.evaluating import Evaluation


def write_evaluation_page(path: Path, evaluation: Evaluation, run: Path) -> None:
    """Write what an evaluation of a run came to as one page, whole or not at all.

    Raises:
        RunFolderError: A file of the evaluation or of the run is damaged.
        OSError: The page cannot be written.
    """
    values = _collect(evaluation, run)
    page = render_page("evaluation.html.jinja", values, style="evaluation.css")
    write_text(path, page)


def _collect(evaluation: Evaluation, run: Path) -> dict[str, Any]:
    document: Mapping[str, Any] = evaluation.document
    scores = read_measured(evaluation.folder)
    found = document["operating_points"]
    name = run.resolve().name
    return {
        "document": document,
        "title": f"{shorten(name, MAX_NAME)} on {_name_sources(document)}",
        "run": name,
        "made": document["made"][:16].replace("T", " "),
        "accuracy": scores.metrics["accuracy"],
        "metric_columns": METRIC_COLUMNS,
        "metrics": list_metrics(document["metrics"], read_scores(run)),
        "remarks": list_remarks(document),
        "scores": scores,
        "errors": collect_errors(scores, None),
        "within": "",  # the files lie in the evaluation's own folder
        "album": None,
        "positive": found["positive"] if found else "",
        "point_columns": POINT_COLUMNS,
        "points": list_points(found) if found else [],
        "curves": draw_threshold_curves(evaluation.folder, document),
        "severities": SEVERITIES,
    }


def _name_sources(document: Mapping[str, Any]) -> str:
    """The sources without the folders they lie in."""
    names = [Path(source).name or source for source in document["sources"]]
    return ", ".join(shorten(name, MAX_NAME) for name in names)
