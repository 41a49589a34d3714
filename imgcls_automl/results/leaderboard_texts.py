"""A leaderboard's cells and remarks as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.results.choice import describe_floor
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imgcls_automl.results.leaderboard import Leaderboard

_DECIMALS = {"score": 4, "fold_sd": 4, "retrained_score": 4, "seconds": 1, "latency_ms": 2}
# In tables for people, `describe_role` and `describe_floors` say these.
_TOLD = {"winner", "baseline", "majority_floor"}


def select_differing(board: Leaderboard, columns: Iterable[str]) -> list[str]:
    """Keep the columns whose values are not the same in every row that has one, and that nothing else tells."""
    return [it for it in columns if it not in _TOLD and len(_distinct(board, it)) > 1]


def describe_role(row: Mapping[str, Any]) -> str:
    """`"winner"`, `"baseline"`, `"winner, baseline"` or nothing."""
    return ", ".join(role for role in ("winner", "baseline") if row.get(role))


def describe_floors(board: Leaderboard) -> list[str]:
    """Say what knowing the classes' frequencies alone would score: a line a run, once where runs agree."""
    by_text: dict[str, list[str]] = {}
    for it in board.floors:
        if it.metric in it.floor:
            by_text.setdefault(describe_floor(it.metric, it.floor[it.metric]), []).append(it.run)
    if len(by_text) == 1:
        return [f"Majority floor: {text}" for text in by_text]
    return [f"Majority floor of {plain(', '.join(runs))}: {text}" for text, runs in by_text.items()]


def describe_shared(board: Leaderboard) -> list[tuple[str, str]]:
    """List what every candidate has in common, as texts: `("training.schedule", "one_cycle")`."""
    settings = [column for column in board.columns if column.startswith(("model.", "training."))]
    return [
        (column, format_value(column, next(iter(values))[1]))
        for column in settings
        if len(values := _distinct(board, column)) == 1
    ]


def format_value(column: str, value: object) -> str:
    """Write a value for people's eyes: rounded, harmless, empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{_DECIMALS[column]}f}" if column in _DECIMALS else f"{value:.4g}"
    if isinstance(value, int) and column in ("params", "flops"):
        return f"{value:,}"
    return plain(str(value))


def _distinct(board: Leaderboard, column: str) -> set[tuple[type, Any]]:
    # With the type, so that False and 0, or 1 and 1.0, are not taken for one.
    values = (row.get(column) for row in board.rows)
    return {(type(value), value) for value in values if value is not None}
