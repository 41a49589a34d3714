"""`evaluate`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.cli.data_sources import READING_OPTIONS, refuse_unreadable, resolve_reading
from imgcls_automl.cli.options import with_options
from imgcls_automl.cli.page_files import check_page, telling_unwritable
from imgcls_automl.errors import ConfigError
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.results.evaluating import Evaluation

DEVICES = ("auto", "cpu", "gpu")
MOST_NAMED = 20  # unreadable pictures


def add_commands(app: typer.Typer) -> None:
    app.command(
        help="Measure a run's best model on other labelled pictures, with what differs from those of training."
    )(with_options(*READING_OPTIONS)(evaluate))


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")],
    *,
    data: Annotated[
        list[str],
        typer.Option(metavar="SOURCE", help="Labelled pictures, as for search; may be repeated."),
    ],
    corruptions: Annotated[
        bool,
        typer.Option(
            "--corruptions",
            help="Also on brightened, flattened, blurred, noisy and compressed pictures, five degrees each.",
        ),
    ] = False,
    positive: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS",
            help="Of two classes, the one that thresholds are about. Default: the second.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The results go to RUN/evaluations/NAME. Default: the source and the time.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write it as a page that opens offline, too.", show_default=False
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="|".join(DEVICES), help="Where to compute.")
    ] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    **flags: Any,
) -> None:
    from imgcls_automl.cli.evaluation_tables import show_evaluation
    from imgcls_automl.cli.screens import choose_screen
    from imgcls_automl.results.evaluating import EvaluationRequest
    from imgcls_automl.results.evaluating import evaluate as measure

    if device not in DEVICES:
        raise ConfigError(f"--device must be one of {', '.join(DEVICES)}, but got {device!r}.")
    if html is not None:
        check_page(html, "evaluation.html")
    request = EvaluationRequest(
        run=run,
        sources=tuple(data),
        name=name,
        corruptions=corruptions,
        positive=positive,
        device=device,
        **resolve_reading(flags),
    )
    with choose_screen(quiet=quiet) as screen:
        evaluation = measure(request, screen.observe)
    if html is not None:
        _write_page(html, evaluation, run)
    if evaluation.warning:
        typer.echo(f"Warning: {plain(evaluation.warning)}", err=True)
    if json:
        typer.echo(json_format.dumps({**evaluation.document, "folder": str(evaluation.folder)}))
    else:
        show_evaluation(evaluation, run, page=html)
    _name_unreadable(evaluation)
    left_out = len(evaluation.left_out)
    refuse_unreadable(left_out, evaluation.document["pictures"] + left_out, "measured")


def _write_page(html: Path, evaluation: Evaluation, run: Path) -> None:
    from imgcls_automl.results.evaluation_page import write_evaluation_page

    with telling_unwritable(html):
        write_evaluation_page(html, evaluation, run)


def _name_unreadable(evaluation: Evaluation) -> None:
    for id_, detail in evaluation.left_out[:MOST_NAMED]:
        typer.echo(f"Left out {plain(id_)}: {plain(detail)}", err=True)
    more = len(evaluation.left_out) - MOST_NAMED
    if more > 0:
        typer.echo(f"... and {more:,} more; issues.csv names all", err=True)
