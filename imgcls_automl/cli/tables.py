"""Tables on a terminal. Every cell is plain text: nothing in it is markup or a terminal code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from imgcls_automl.results.leaderboard import build_leaderboard, format_value, select_differing
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcls_automl.results.records import RunRecord

_ALWAYS = ("rank", "trial", "state", "score", "params", "epochs", "seconds")
_NUMERIC = {"rank", "trial", "score", "params", "epochs", "seconds"}


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, wide: bool = False
) -> None:
    """Print a table on stdout; `wide` lets it run over the terminal's edge rather than cut cells."""
    console = Console(highlight=False, markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMERIC else "left", no_wrap=wide)
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    if not console.is_terminal:
        console.width = max(console.width, console.measure(table).maximum)
    console.print(table)


def show_leaderboard(runs: Sequence[RunRecord], *, most: int | None = None) -> None:
    """Print the leaderboard of some runs: what tells the trials apart, as far as the terminal is wide."""
    board = build_leaderboard(runs)
    columns = [*_ALWAYS, *(["run"] if len(runs) > 1 else [])]
    settings = [name for name in board.columns if name.startswith(("model.", "training."))]
    room = Console().width - 62
    for name in select_differing(board, settings):
        room -= len(_shorten(name)) + 2
        if room > 0:
            columns.append(name)
    rows = [[format_value(name, row.get(name)) for name in columns] for row in board.rows[:most]]
    show_table([_shorten(name) for name in columns], rows)
    if most is not None and len(board.rows) > most:
        Console(highlight=False).print(f"... and {len(board.rows) - most} more")


def _shorten(column: str) -> str:
    return column.removeprefix("model.").removeprefix("training.").removeprefix("augmentation.")
