"""The report's tables of trials: the leaderboard, and the contenders for the refit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.results.figures import format_score
from imgcls_automl.results.leaderboard_texts import describe_role, format_value, select_differing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcls_automl.results.leaderboard import Leaderboard
    from imgcls_automl.results.records import RunRecord

MAX_ROWS = 50  # of the leaderboard

_COLUMNS = ("rank", "trial", "state", "role", "score", "fold_sd", "params", "epochs", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the leaderboard; `mark` stresses the winner."""

    cells: tuple[str, ...]
    state: str
    mark: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContenderRow:
    """A trial the winner was chosen from: its validation scores as texts; `mark` stresses the winner."""

    trial: int
    searched: str
    plain: str
    flipped: str
    seeds: str
    flips: bool
    mark: bool


def make_board(board: Leaderboard, best: int | None) -> dict[str, Any]:
    """The leaderboard of one run as the page's template wants it.

    Args:
        board: Of one run.
        best: The number of the trial to stress.

    Returns:
        columns (name, label), rows (`Row`), left_out (a count), settings of the best trial (label, value).
    """
    settings = [it for it in board.columns if it.startswith(("model.", "training."))]
    folded = any(row.get("fold_sd") is not None for row in board.rows)
    usual = [it for it in _COLUMNS if folded or it != "fold_sd"]
    columns = [*usual, *select_differing(board, settings)]
    return {
        "columns": [(column, _shorten(column)) for column in columns],
        "rows": [_make_row(row, columns, best) for row in board.rows[:MAX_ROWS]],
        "left_out": max(0, len(board.rows) - MAX_ROWS),
        "settings": [
            (_shorten(column), format_value(column, row[column]))
            for row in board.rows
            if row["trial"] == best
            for column in settings
            if column in row
        ],
    }


def list_contenders(run: RunRecord) -> list[ContenderRow]:
    """The trials that were retrained, in the order of their scores in the search; none where none was."""
    if run.selection is None or not run.selection.retrained:
        return []
    searched = {trial.number: trial.score for trial in run.trials}
    rows = []
    for it in run.selection.contenders:
        score = searched.get(it.trial)
        own = [result.flipped_score if it.flips else result.score for result in it.results]
        rows.append(
            ContenderRow(
                trial=it.trial,
                searched="" if score is None else format_score(run.metric, score),
                plain=format_score(run.metric, it.plain_score),
                flipped=format_score(run.metric, it.flipped_score),
                seeds=", ".join(format_score(run.metric, score) for score in own),
                flips=it.flips,
                mark=it.trial == run.selection.winner,
            )
        )
    return rows


def _make_row(row: Mapping[str, Any], columns: Sequence[str], best: int | None) -> Row:
    texts = {**row, "role": describe_role(row)}
    cells = tuple(format_value(column, texts.get(column)) for column in columns)
    return Row(cells=cells, state=row["state"], mark=row["trial"] == best)


def _shorten(column: str) -> str:
    if column == "fold_sd":
        return "±"
    # "training.augmentation.rotation" would make a column wider than its values ever are.
    for prefix in ("training.augmentation.", "training.", "model."):
        if column.startswith(prefix):
            return column.removeprefix(prefix).replace("_", " ")
    return column
