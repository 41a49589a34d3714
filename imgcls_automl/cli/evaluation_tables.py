"""An evaluation on the terminal: metrics beside those of the test split, classes, drift, corruptions, thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from imgcls_automl.cli.evaluation_errors import show_errors, show_groups
from imgcls_automl.cli.tables import shorten_name, show_table
from imgcls_automl.cli.wording import count
from imgcls_automl.results.evaluation_words import (
    METRIC_COLUMNS,
    POINT_COLUMNS,
    list_metrics,
    list_points,
    list_remarks,
)
from imgcls_automl.results.figures import format_share
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.verdict import show_path
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from imgcls_automl.results.evaluating import Evaluation

MOST_CLASSES = 20


def show_evaluation(evaluation: Evaluation, run: Path, page: Path | None = None) -> None:
    """Print what came out on stdout. Every text of the data is made harmless."""
    document = evaluation.document
    _say(*_describe_pictures(document))
    typer.echo()
    show_table(METRIC_COLUMNS, list_metrics(document["metrics"], read_scores(run)))
    typer.echo()
    _show_classes(document["metrics"]["classes"])
    show_groups(document["metrics"].get("groups") or {})
    show_errors(document)
    typer.echo()
    _say(*list_remarks(document))
    if document["corruptions"]:
        typer.echo()
        _show_corruptions(document["corruptions"], document["metrics"]["accuracy"])
    if document["operating_points"]:
        typer.echo()
        _show_operating_points(document["operating_points"])
    typer.echo()
    _say(f"Results  {show_path(evaluation.folder)}")
    if page is not None:
        _say(f"Page     {show_path(page)}")


def _say(*lines: str) -> None:
    for line in lines:
        typer.echo(plain(line))


def _describe_pictures(document: Mapping[str, Any]) -> list[str]:
    errors = count(document["errors"], "error")
    lines = [
        f"{count(document['pictures'], 'picture')} of {', '.join(document['sources'])}, {errors}",
        f"Read by {document['adapter']}: {document['reason']}",
    ]
    if document["left_out"]:
        lines.append(f"Left out: {count(document['left_out'], 'picture')} that cannot be read")
    return lines


def _show_classes(classes: Mapping[str, Any]) -> None:
    """The classes with pictures, the worst F1 score first."""
    seen = [(name, it) for name, it in classes.items() if it["support"]]
    seen.sort(key=lambda pair: pair[1]["f1"]["value"])
    show_table(
        ("class", "pictures", "precision", "recall", "F1"),
        [
            (
                shorten_name(name),
                f"{it['support']:,}",
                *(format_share(it[rate]["value"]) for rate in ("precision", "recall", "f1")),
            )
            for name, it in seen[:MOST_CLASSES]
        ],
    )
    if len(seen) > MOST_CLASSES:
        typer.echo(f"... and {len(seen) - MOST_CLASSES} more, all of them better")


def _show_corruptions(
    corruptions: Mapping[str, Sequence[Mapping[str, float]]], clean: Mapping[str, float]
) -> None:
    typer.echo(f"Accuracy on corrupted pictures, by severity (untouched {clean['value']:.1%})")
    show_table(
        ("corruption", "1", "2", "3", "4", "5"),
        [
            (name, *(format_share(it["value"]) for it in estimates))
            for name, estimates in corruptions.items()
        ],
    )


def _show_operating_points(found: Mapping[str, Any]) -> None:
    name = plain(shorten_name(found["positive"]))
    typer.echo(f"Naming a picture {name!r} from a probability of its up")
    show_table(POINT_COLUMNS, list_points(found))
