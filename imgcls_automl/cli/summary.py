"""What a search has come to, in words, and what to type next."""

from __future__ import annotations

import json as json_format
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from imgcls_automl.cli import wording
from imgcls_automl.cli.leaderboard_tables import show_leaderboard
from imgcls_automl.results.records import read_run
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.verdict import (
    describe_in_short,
    describe_outcome,
    list_next_commands,
    show_path,
)
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.rehearsal import Rehearsal
    from imgcls_automl.run_result import RunResult

MOST_ROWS, FEWEST_ROWS = 10, 3
OTHER_LINES = 20  # of a result, beside the leaderboard's rows


def show_result(result: RunResult) -> None:
    """Print the leaderboard, the verdict and the next commands on stdout.

    What a low terminal may scroll away is the leaderboard: the verdict is said once more, in short, as the last line.
    """
    run, scores = read_run(result.folder), read_scores(result.folder)
    console = Console(highlight=False, markup=False)
    is_low = console.is_terminal and console.height < OTHER_LINES
    console.print()
    show_leaderboard([run], most=max(FEWEST_ROWS, min(MOST_ROWS, console.height - OTHER_LINES)))
    console.print()
    for sentence in describe_outcome(run, scores):
        console.print(Text(sentence, style="bold"))
    console.print()
    if result.model is not None:
        console.print(Text(f"Model   {plain(show_path(result.model))}"), soft_wrap=True)
    console.print(
        Text(f"Report  {plain(show_path(result.folder / 'report.html'))}"), soft_wrap=True
    )
    if not is_low:
        console.print()
    for number, command in enumerate(list_next_commands(run, scores)):
        console.print(Text(("Next    " if number == 0 else "        ") + command), soft_wrap=True)
    if is_low:
        console.print(Text(describe_in_short(run, scores), style="bold"))


def show_plan(rehearsal: Rehearsal, *, json: bool) -> None:
    """Print what a search would do."""
    if json:
        typer.echo(json_format.dumps({"schema_version": 1, **rehearsal.to_json()}))
        return
    typer.echo(f"Budget: {wording.describe_budget(rehearsal.config, rehearsal.budget)}")
    limits = rehearsal.config.limits.describe()
    if limits:
        typer.echo(f"Limits: models of {limits}")
    for line in (
        *wording.describe_dataset(rehearsal.dataset),
        *wording.describe_worker(rehearsal.ready),
    ):
        typer.echo(plain(line))
    space = plain(str(rehearsal.config.space))
    typer.echo(
        f"{len(rehearsal.baselines)} baselines of {space} come first. Nothing was trained or written."
    )
