"""Tables on a terminal. Every cell is plain text: nothing in it is markup or a terminal code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from imgcls_automl.results.leaderboard import build_leaderboard
from imgcls_automl.results.leaderboard_texts import (
    describe_floors,
    describe_role,
    format_value,
    select_differing,
)
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from imgcls_automl.results.leaderboard import Leaderboard
    from imgcls_automl.results.records import RunRecord

# From left to right; the settings follow.
_COLUMNS = (
    "rank",
    "trial",
    "role",
    "state",
    "score",
    "fold_sd",
    "retrained_score",
    "params",
    "epochs",
    "seconds",
    "run",
)
_FIRST = (
    *("rank", "trial", "state", "score", "role", "retrained_score", "run", "fold_sd"),
    *("epochs", "seconds"),
)
_NUMERIC = {
    *("rank", "trial", "score", "fold_sd", "retrained", "params", "epochs", "seconds"),
    *("pictures", "size"),
}
_GAP = 2  # spaces between columns
_WIDEST = 100_000  # cells that a table may need


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
    if wide or not console.is_terminal:
        unlimited = console.options.update(max_width=_WIDEST)
        console.width = max(console.width, console.measure(table, options=unlimited).maximum)
    console.print(table)


def show_leaderboard(runs: Sequence[RunRecord], *, most: int | None = None) -> None:
    """Print the leaderboard of some runs: what tells the trials apart, as far as the terminal is wide.

    Args:
        runs: In any order.
        most: Rows at most, beside the winner's; None for all.
    """
    board = build_leaderboard(runs)
    rows = [row for at, row in enumerate(board.rows) if most is None or at < most or row["winner"]]
    cells = {
        column: [format_value(column, row.get(column)) for row in rows]
        for column in _list_columns(board, several=len(runs) > 1)
    } | {"role": [describe_role(row) for row in rows]}
    columns = _choose_columns(cells, Console().width)
    shown = [cells[column] for column in columns]
    show_table([_shorten(column) for column in columns], zip(*shown, strict=True))
    console = Console(highlight=False, markup=False)
    if len(board.rows) > len(rows):
        console.print(f"... and {len(board.rows) - len(rows)} more")
    for told in describe_floors(board):
        console.print(Text(told))


def _list_columns(board: Leaderboard, *, several: bool) -> list[str]:
    """What a terminal is shown, the most important first."""
    left_out = set() if several else {"run"}
    for column in ("retrained_score", "fold_sd"):
        if not any(row.get(column) is not None for row in board.rows):
            left_out.add(column)
    settings = [name for name in board.columns if name.startswith(("model.", "training."))]
    ranked = [*_FIRST, "params", *select_differing(board, settings)]
    return [column for column in ranked if column not in left_out]


def _choose_columns(cells: Mapping[str, Sequence[str]], width: int) -> list[str]:
    """The columns that fit side by side, the four most important ones always."""
    fitting: list[str] = []
    room = width
    for column, texts in cells.items():
        room -= max(map(cell_len, (_shorten(column), *texts))) + _GAP
        if room + _GAP >= 0 or len(fitting) < 4:
            fitting.append(column)
    settings = [column for column in fitting if column not in _COLUMNS]
    return [column for column in _COLUMNS if column in fitting] + settings


def _shorten(column: str) -> str:
    if column == "retrained_score":
        return "retrained"
    return column.removeprefix("model.").removeprefix("training.").removeprefix("augmentation.")
