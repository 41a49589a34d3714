"""A run as a notebook shows it: the outcome in words and the best trials, as harmless HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from imgcls_automl.results.leaderboard import build_leaderboard
from imgcls_automl.results.leaderboard_texts import format_value
from imgcls_automl.results.records import read_run
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.verdict import describe_outcome
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("rank", "trial", "state", "score", "params", "epochs", "seconds", "winner")
MOST_ROWS = 10


def show_outcome(folder: Path) -> str:
    """Write a run's outcome as HTML; nothing in it runs or loads.

    Raises:
        RunFolderError: A file of the run is damaged.
    """
    run = read_run(folder)
    board = build_leaderboard([run])
    told = "".join(
        f"<p>{escape(sentence)}</p>" for sentence in describe_outcome(run, read_scores(folder))
    )
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(plain(format_value(it, row.get(it))))}</td>" for it in COLUMNS)
        + "</tr>"
        for row in board.rows[:MOST_ROWS]
    )
    more = len(board.rows) - MOST_ROWS
    left = f"<p>and {more} more: result.leaderboard()</p>" if more > 0 else ""
    where = escape(plain(str(folder / "report.html")))
    return f"{told}<table><tr>{head}</tr>{rows}</table>{left}<p>Report: {where}</p>"
