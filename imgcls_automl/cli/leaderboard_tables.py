"""The leaderboard on a terminal: a table a section, of the columns there is room for."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import typer
from rich.cells import cell_len
from rich.console import Console

from imgcls_automl.cli.tables import NUMERIC
from imgcls_automl.results.leaderboard_texts import (
    describe_floors,
    describe_interval,
    describe_role,
    describe_section,
    explain_sections,
    format_value,
    list_remarks,
    select_differing,
)
from imgcls_automl.results.shortlist import keep_first
from imgcls_automl.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcls_automl.results.leaderboard import Leaderboard

# From left to right; the settings follow.
_COLUMNS = (
    *("rank", "run", "trial", "role", "state", "score", "interval", "fold_sd", "retrained_score"),
    *("test_score", "params", "size_bytes", "epochs", "seconds", "space", "plugin"),
)
# The most important first. What tells runs apart matters only where there are several.
_FIRST = (
    *("rank", "trial", "score", "role", "state", "retrained_score", "fold_sd"),
    *("epochs", "seconds", "interval"),
)
_FIRST_OF_SEVERAL = (
    *("rank", "run", "trial", "score", "role", "space", "test_score"),
    *("plugin", "interval", "state", "retrained_score", "fold_sd", "params"),
    *("size_bytes", "seconds", "epochs"),
)
_TELLING = ("retrained_score", "fold_sd", "test_score")  # shown where any row has one
_ALWAYS = {"rank", "run", "trial", "score", "role"}  # however narrow the terminal is
_GAP = 2  # spaces between columns
_LONGEST = 32  # letters of a cell


def show_board(board: Leaderboard) -> None:
    """Print a leaderboard, a table a section: what tells the trials apart, as far as the terminal is wide."""
    # At once: rich takes seconds to lay out thousands of cells.
    typer.echo("\n".join(draw_board(board, Console().width)).lstrip("\n"))


def draw_board(board: Leaderboard, width: int, *, most: int | None = None) -> list[str]:
    """Lay out a leaderboard for a terminal of `width` columns.

    Args:
        board: Of any number of runs.
        width: Only the columns that are always shown may need more.
        most: Rows of a section at most, beside those of the winner and the baselines; None for all.

    Returns:
        Lines, styled as terminals understand it.
    """
    told = _wrap(explain_sections(board), width)
    several = sum(len(section.runs) for section in board.sections) > 1
    for section in board.sections:
        if several:
            title = _wrap([describe_section(section)], width)
            told += ["", *(typer.style(line, bold=True) for line in title)]
        told += _draw_section(board.of_section(section), width, several=several, most=most)
    return told


def _draw_section(board: Leaderboard, width: int, *, several: bool, most: int | None) -> list[str]:
    rows = board.rows if most is None else keep_first(board.rows, most)
    told = {"role": describe_role, "interval": describe_interval}
    cells = {
        column: [
            told[column](row) if column in told else _show_value(column, row.get(column))
            for row in rows
        ]
        for column in _list_columns(board, several=several)
    }
    lines = _draw_table(cells, _choose_columns(cells, width)) if rows else []
    if len(board.rows) > len(rows):
        lines.append(f"... and {len(board.rows) - len(rows)} more")
    return lines + _wrap([*list_remarks(board), *describe_floors(board)], width)


def _draw_table(cells: Mapping[str, Sequence[str]], columns: Sequence[str]) -> list[str]:
    drawn = []
    for column in columns:
        texts = [_shorten(column), *cells[column]]
        widths = [cell_len(text) for text in texts]
        pads = [" " * (max(widths) - width) for width in widths]
        to_right = _shorten(column) in NUMERIC
        pairs = zip(pads, texts, strict=True)
        drawn.append([pad + text if to_right else text + pad for pad, text in pairs])
    header, *lines = ((" " * _GAP).join(parts).rstrip() for parts in zip(*drawn, strict=True))
    return [typer.style(header, bold=True), *lines]


def _wrap(sentences: Sequence[str], width: int) -> list[str]:
    return [line for told in sentences for line in textwrap.wrap(told, width)]


def _list_columns(board: Leaderboard, *, several: bool) -> list[str]:
    """What a terminal is shown, the most important first; nothing that is empty in all rows."""
    left_out = {it for it in _TELLING if all(row.get(it) is None for row in board.rows)}
    if all(row.get("low") is None for row in board.rows):
        left_out.add("interval")
    if not several:
        left_out.add("test_score")  # one number, which the summary of the run tells
    settings = [name for name in board.columns if name.startswith(("model.", "training."))]
    first = _FIRST_OF_SEVERAL if several else (*_FIRST, "params", "size_bytes")
    ranked = [*first, *select_differing(board, settings)]
    return [column for column in ranked if column not in left_out]


def _choose_columns(cells: Mapping[str, Sequence[str]], width: int) -> list[str]:
    """The columns that fit side by side; those that say what a row is, always."""
    fitting: list[str] = []
    room = width
    for column, texts in cells.items():
        needed = max(map(cell_len, (_shorten(column), *texts))) + _GAP
        if room - needed + _GAP >= 0 or column in _ALWAYS:
            fitting.append(column)
            room -= needed
    settings = [column for column in fitting if column not in _COLUMNS]
    return [column for column in _COLUMNS if column in fitting] + settings


def _show_value(column: str, value: object) -> str:
    text = format_value(column, value)
    return text if len(text) <= _LONGEST else shorten(text, _LONGEST)


def _shorten(column: str) -> str:
    if column in _NAMES:
        return _NAMES[column]
    return column.removeprefix("model.").removeprefix("training.").removeprefix("augmentation.")


_NAMES = {
    **{"retrained_score": "retrained", "test_score": "test"},
    **{"interval": "95% interval", "size_bytes": "size"},
}
