"""The live screen's table of trainings that have ended: whole scores, however narrow the terminal is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import JustifyMethod

    from imgcls_automl.cli.progress import Outcome, Progress

_COLUMNS = ("trial", "state", "score", "epochs", "time")
# In this order, rather than shorten a state to less than the next length.
_GIVEN_UP = ("time", "epochs")
_SHORTEST_STATE = len("complete")
_STYLES = {
    "complete": "green",
    "retrained": "green",
    "pruned": "yellow",
    "failed": "red",
    "infeasible": "magenta",
}


def draw_outcomes(progress: Progress, most: int, width: int) -> Table:
    """The last outcomes, below the best trial where that is not among them.

    Only what became of a trial is ever shortened; where that is not enough, times and epochs are left out.
    """
    best = progress.standing.best_trial if progress.standing else None
    shown = _choose(progress.outcomes, most, best)
    rows = [_list_cells(it) for it in shown]
    gap = 2 if width >= 48 else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    widths = _fit_columns(rows, width, gap)
    for name, cells in widths.items():
        side: JustifyMethod = "left" if name == "state" else "right"
        table.add_column(name, justify=side, no_wrap=True, width=cells)
    for it, row in zip(shown, rows, strict=True):
        style = "bold green" if it.trial is not None and it.trial == best else ""
        styles = {"trial": style, "state": _STYLES[it.state], "score": style}
        table.add_row(*(Text(row[name], style=styles.get(name, "")) for name in widths))
    return table


def _choose(outcomes: Sequence[Outcome], most: int, best: int | None) -> list[Outcome]:
    shown = list(outcomes[-most:])
    earlier = [it for it in outcomes[:-most] if it.trial is not None and it.trial == best]
    return [earlier[-1], *shown[1:]] if earlier else shown


def _list_cells(outcome: Outcome) -> dict[str, str]:
    texts = (outcome.number, plain(outcome.told), outcome.score, outcome.epochs, outcome.time)
    return dict(zip(_COLUMNS, texts, strict=True))


def _fit_columns(rows: Sequence[Mapping[str, str]], room: int, gap: int) -> dict[str, int]:
    """The columns there is room for, and their widths."""
    widths = {name: max(cell_len(text) for text in _list_column(rows, name)) for name in _COLUMNS}
    state = widths["state"]
    for name in _GIVEN_UP:
        if _leave_for_state(widths, room, gap) < min(state, _SHORTEST_STATE):
            del widths[name]
    widths["state"] = max(1, min(state, _leave_for_state(widths, room, gap)))
    return widths


def _list_column(rows: Sequence[Mapping[str, str]], name: str) -> list[str]:
    return [name, *(row[name] for row in rows)]


def _leave_for_state(widths: Mapping[str, int], room: int, gap: int) -> int:
    others = sum(width for name, width in widths.items() if name != "state")
    return room - others - gap * (len(widths) - 1)
