"""Tables on a terminal. Every cell is plain text: nothing in it is markup or a terminal code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Columns whose cells stand to the right.
NUMERIC = {
    *("rank", "trial", "score", "fold_sd", "retrained", "test", "params", "epochs", "seconds"),
    *("pictures", "size", "weights", "times"),
}
_LONGEST_NAME = 40
_WIDEST = 100_000  # cells that a table may need


def shorten_name(name: str) -> str:
    """A class's or group's name, cut where it is longer than a column should be."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, wide: bool = False
) -> None:
    """Print a table on stdout; `wide` lets it run over the terminal's edge rather than cut cells."""
    console = Console(highlight=False, markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in NUMERIC else "left", no_wrap=wide)
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    if wide or not console.is_terminal:
        unlimited = console.options.update(max_width=_WIDEST)
        console.width = max(console.width, console.measure(table, options=unlimited).maximum)
    console.print(table)
