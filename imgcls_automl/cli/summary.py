"""What a search has come to, in words, and what to type next."""

from __future__ import annotations

import json as json_format
import math
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from imgcls_automl.cli import wording
from imgcls_automl.cli.leaderboard_tables import draw_board
from imgcls_automl.results.leaderboard import build_leaderboard
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
    from collections.abc import Sequence

    from imgcls_automl.rehearsal import Rehearsal
    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.scores import TestScores
    from imgcls_automl.run_result import RunResult

# Rows of the leaderboard, beside those of the winner and the baselines.
MOST_ROWS, FEWEST_ROWS = 10, 3
_PROMPT_LINES = 1  # the shell's, below all that is printed


def show_result(result: RunResult) -> None:
    """Print the leaderboard, the verdict and the next commands on stdout.

    What a low terminal may scroll away is the leaderboard, which gets the room that the others leave. Where they alone
    are too long, the verdict is said once more, in short, as the last line.
    """
    run, scores = read_run(result.folder), read_scores(result.folder)
    console = Console(highlight=False, markup=False)
    sentences = [Text(sentence, style="bold") for sentence in describe_outcome(run, scores)]
    told = [line for sentence in sentences for line in sentence.wrap(console, console.width)]
    told += [Text(), *_list_files(result), Text(), *_list_commands(run, scores)]
    room = _measure_room(console, told)
    for line in (*_draw_leaderboard(run, console.width, room), *told):
        console.print(line, soft_wrap=True)
    if room < 0:
        console.print(Text(describe_in_short(run, scores), style="bold"))


def _list_files(result: RunResult) -> list[Text]:
    named = {"Model": result.model, "Report": result.folder / "report.html"}
    return [Text(f"{name:8}{plain(show_path(path))}") for name, path in named.items() if path]


def _list_commands(run: RunRecord, scores: TestScores | None) -> list[Text]:
    first, *others = list_next_commands(run, scores)
    return [Text(f"{'Next':8}{first}"), *(Text(f"{'':8}{command}") for command in others)]


def _measure_room(console: Console, told: Sequence[Text]) -> float:
    """The lines a terminal has left beside these, fewer than none where it is too low; a file has no end of them."""
    if not console.is_terminal:
        return math.inf
    return console.height - _PROMPT_LINES - _count_lines(told, console.width)


def _draw_leaderboard(run: RunRecord, width: int, room: float) -> list[Text]:
    """As many rows as there is room for, and blank lines around them."""
    board = build_leaderboard([run])
    for most in range(MOST_ROWS, FEWEST_ROWS - 1, -1):
        drawn = draw_board(board, width, most=most)
        lines = [Text(), *(Text.from_ansi(line) for line in drawn), Text()]
        if _count_lines(lines, width) <= room:
            break
    return lines


def _count_lines(lines: Sequence[Text], width: int) -> int:
    """How many lines of a terminal they take: it goes on in the next where one is wider than itself."""
    return sum(max(1, math.ceil(line.cell_len / width)) for line in lines)


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
