"""`predict`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.cli.data_sources import READING_OPTIONS, refuse_unreadable, resolve_reading
from imgcls_automl.cli.options import with_options
from imgcls_automl.errors import ConfigError
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgcls_automl.cli.prediction_formats import PredictionFormat
    from imgcls_automl.results.picture_folders import LeftOut
    from imgcls_automl.results.predicting import PredictionRequest

DEVICES = ("auto", "cpu", "gpu")
FORMATS = ("table", "csv", "json")


def add_commands(app: typer.Typer) -> None:
    app.command(
        help="Name pictures with the run's best model: the class, and the probability of each."
    )(with_options(*READING_OPTIONS)(predict))


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")],
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Pictures, folders of them, or whatever an adapter reads."
        ),
    ],
    *,
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How to show it.")
    ] = "table",
    device: Annotated[
        str, typer.Option(metavar="|".join(DEVICES), help="Where to compute.")
    ] = "auto",
    **flags: Any,
) -> None:
    from imgcls_automl.cli.prediction_formats import make_format
    from imgcls_automl.results.predicting import PredictionRequest

    _check_choice("--format", form, FORMATS)
    _check_choice("--device", device, DEVICES)
    request = PredictionRequest(
        run=run,
        sources=tuple(sources),
        device=device,
        **resolve_reading(flags),
    )
    left_out, total = _write_predictions(request, make_format(form, sys.stdout.write))
    refuse_unreadable(left_out, total, "predicted")


def _write_predictions(request: PredictionRequest, output: PredictionFormat) -> tuple[int, int]:
    """Write all predictions; return how many were left out, and of how many."""
    from imgcls_automl.results.predicting import predict as start

    count = 0
    with start(request) as predictions:
        if predictions.opened.warning:
            typer.echo(f"Warning: {plain(predictions.opened.warning)}", err=True)
        output.begin(predictions.class_names, labelled=predictions.opened.labelled)
        with _progress(predictions.opened.total) as advance:
            for batch in predictions.batches:
                for one in batch.left_out:
                    _report(one)
                count += len(batch.left_out)
                output.write(batch)
                sys.stdout.flush()
                advance(len(batch.ids) + len(batch.left_out))
        output.end()
        return count, predictions.opened.total


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's stderr while stdout goes elsewhere: predictions on the screen are progress enough."""
    from rich.console import Console
    from rich.progress import Progress

    shown = sys.stderr.isatty() and not sys.stdout.isatty()
    with Progress(
        console=Console(stderr=True), transient=True, redirect_stdout=False, disable=not shown
    ) as bar:
        task = bar.add_task("Predicting", total=total)
        yield lambda done: bar.advance(task, done)


def _report(one: LeftOut) -> None:
    typer.echo(f"Left out {plain(one.id)}: {plain(one.detail)}", err=True)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, but got {value!r}.")
