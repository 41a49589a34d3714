"""What a search has come to, in words, and what to type next."""

from __future__ import annotations

import json as json_format
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from imgcls_automl.cli import wording
from imgcls_automl.cli.tables import show_leaderboard
from imgcls_automl.results.records import read_run
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.verdict import describe_outcome, list_next_commands, show_path

if TYPE_CHECKING:
    from imgcls_automl.run import Rehearsal
    from imgcls_automl.run_result import RunResult

SHOWN_ROWS = 10


def show_result(result: RunResult) -> None:
    """Print the leaderboard, the verdict and the next commands on stdout."""
    run, scores = read_run(result.folder), read_scores(result.folder)
    console = Console(highlight=False, markup=False)
    console.print()
    show_leaderboard([run], most=SHOWN_ROWS)
    console.print()
    for sentence in describe_outcome(run, scores):
        console.print(Text(sentence, style="bold"))
    console.print()
    if result.model is not None:
        console.print(Text(f"Model   {show_path(result.model)}"), soft_wrap=True)
    console.print(Text(f"Report  {show_path(result.folder / 'report.html')}"), soft_wrap=True)
    console.print()
    for number, command in enumerate(list_next_commands(run, scores)):
        console.print(Text(("Next    " if number == 0 else "        ") + command), soft_wrap=True)


def show_plan(rehearsal: Rehearsal, *, json: bool) -> None:
    """Print what a search would do."""
    if json:
        typer.echo(json_format.dumps({"schema_version": 1, **rehearsal.to_json()}))
        return
    typer.echo(f"Budget: {wording.describe_budget(rehearsal.config, rehearsal.budget)}")
    for line in (
        *wording.describe_dataset(rehearsal.dataset),
        *wording.describe_worker(rehearsal.ready),
    ):
        typer.echo(line)
    typer.echo(
        f"{len(rehearsal.baselines)} baselines of {rehearsal.config.space} come first. Nothing was trained or written."
    )
