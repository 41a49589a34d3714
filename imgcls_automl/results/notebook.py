"""A run as a notebook shows it: the outcome in words and the best trials, as harmless HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from imgcls_automl.results.leaderboard import build_leaderboard
from imgcls_automl.results.leaderboard_texts import (
    describe_floors,
    describe_role,
    format_value,
)
from imgcls_automl.results.records import read_run
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.shortlist import keep_first
from imgcls_automl.results.verdict import describe_outcome
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

COLUMNS = ("rank", "trial", "role", "state", "score", "params", "epochs", "seconds")
MOST_ROWS = 10  # beside those of the winner and the baselines


def show_outcome(folder: Path) -> str:
    """Write a run's outcome as HTML; nothing in it runs or loads.

    Raises:
        RunFolderError: A file of the run is damaged.
    """
    run = read_run(folder)
    board = build_leaderboard([run])
    rows = keep_first(board.rows, MOST_ROWS)
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    lines = "".join(f"<tr>{_write_cells(row)}</tr>" for row in rows)
    more = len(board.rows) - len(rows)
    below = [f"and {more} more: result.leaderboard()"] if more else []
    below += [*describe_floors(board), f"Report: {plain(str(folder / 'report.html'))}"]
    told = _write_paragraphs(describe_outcome(run, read_scores(folder)))
    return f"{told}<table><tr>{head}</tr>{lines}</table>{_write_paragraphs(below)}"


def _write_cells(row: Mapping[str, Any]) -> str:
    cells = {column: format_value(column, row.get(column)) for column in COLUMNS}
    cells["role"] = describe_role(row)
    return "".join(f"<td>{escape(plain(text))}</td>" for text in cells.values())


def _write_paragraphs(sentences: Iterable[str]) -> str:
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
