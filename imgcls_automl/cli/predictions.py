"""`predict`."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.cli.options import with_options
from imgcls_automl.config import DEFAULT_READ_TIMEOUT
from imgcls_automl.config_sources import resolve_option
from imgcls_automl.errors import ConfigError, DatasetError
from imgcls_automl.option_values import parse_pairs
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
    )(with_options("read_timeout")(predict))


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
    adapter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The dataset adapter for all sources.", show_default=False
        ),
    ] = None,
    data_option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="K=V",
            help="An option of the adapter; may be repeated. Default: those of the run.",
            show_default=False,
        ),
    ] = None,
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
        adapter=adapter,
        options=_parse_options(data_option),
        device=device,
        read_timeout=resolve_option("read_timeout", flags["read_timeout"], os.environ)
        or DEFAULT_READ_TIMEOUT,
    )
    left_out, total = _write_predictions(request, make_format(form, sys.stdout.write))
    if left_out:
        raise DatasetError(
            f"{left_out:,} of {total:,} pictures could not be read and were left out; they are named above.\n"
            "Repair them or take them out; all others have been predicted."
        )


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


def _parse_options(pairs: list[str] | None) -> dict[str, str] | None:
    try:
        return parse_pairs(pairs) if pairs else None
    except ValueError as error:
        raise ConfigError(f"--data-option must be {error}, but got {pairs!r}.") from None
