"""The leaderboard of one run or several: its rows, their order, and its three file formats."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import stdev
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import format_csv, write_text
from imgcls_automl.results.documents import SCHEMA_VERSION
from imgcls_automl.results.figures import lower_is_better
from imgcls_automl.results.leaderboard_texts import (
    describe_floors,
    describe_role,
    describe_shared,
    format_value,
    select_differing,
)
from imgcls_automl.results.records import read_run
from imgcls_automl.results.trial_record import STATES
from imgcls_automl.text import escape_markdown, format_json, guard_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.trial_record import TrialRecord

COLUMNS = (
    "rank",
    "trial",
    "state",
    "score",
    "metric",
    "params",
    "epochs",
    "seconds",
    "space",
    "plugin",
)
# After the columns of the candidates: how even the folds are, the trial's part in the choice, why one failed, what
# tells runs apart, and what a forward pass takes.
LAST_COLUMNS = (
    "folds",
    "fold_sd",
    "retrained_score",
    "winner",
    "baseline",
    "majority_floor",
    "cause",
    "run",
    "data",
    "fingerprint",
    "flops",
    "latency_ms",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFloor:
    """What knowing the classes' frequencies alone scores on a run's validation split, by selection metric."""

    run: str
    metric: str
    floor: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """Trials, best first.

    Attributes:
        columns: `COLUMNS`, `model.<key>` and `training.<field>` of any row, `LAST_COLUMNS`.
        rows: Values by column; a column that a trial has no value for is left out.
        floors: Of the runs that have read their pictures, in the order given.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    floors: tuple[RunFloor, ...] = ()


def build_leaderboard(runs: Sequence[RunRecord]) -> Leaderboard:
    """Bring the trials of runs into one order.

    Within a group: complete by score, then pruned, failed, infeasible and unfinished. Scores on
    different data, by different metrics or from different folds cannot be compared: such runs form
    groups of their own, in the order given, each with its own rank 1.
    """
    rows = [row for group in _group(runs) for row in _rank(group)]
    return Leaderboard(
        columns=(
            *COLUMNS,
            *_list_keys(rows, "model."),
            *_list_keys(rows, "training."),
            *LAST_COLUMNS,
        ),
        rows=tuple(rows),
        floors=tuple(_list_floors(runs)),
    )


def format_leaderboard_csv(board: Leaderboard) -> str:
    """A CSV table; texts are guarded against spreadsheets that would run them as formulas."""
    rows = ([guard_cell(row.get(column)) for column in board.columns] for row in board.rows)
    return format_csv([guard_cell(column) for column in board.columns], rows)


def format_leaderboard_json(board: Leaderboard) -> str:
    """One JSON object: schema_version, columns, rows (every row with every column) and floors, one a run."""
    rows = [{column: row.get(column) for column in board.columns} for row in board.rows]
    return format_json(
        {
            "schema_version": SCHEMA_VERSION,
            "columns": list(board.columns),
            "rows": rows,
            "floors": [
                {"run": it.run, "metric": it.metric, "floor": dict(it.floor)} for it in board.floors
            ],
        }
    )


def format_leaderboard_markdown(board: Leaderboard) -> str:
    """A table of the columns that tell rows apart; floors, and what all rows share, stand in lines below."""
    columns = [*COLUMNS, *select_differing(board, board.columns[len(COLUMNS) :])]
    lines = [_format_line([*columns, "role"]), _format_line(["---"] * (len(columns) + 1))]
    lines += [
        _format_line([*(format_value(it, row.get(it)) for it in columns), describe_role(row)])
        for row in board.rows
    ]
    for told in describe_floors(board):
        lines += ["", escape_markdown(told)]
    shared = describe_shared(board)
    if shared:
        pairs = ", ".join(
            f"{escape_markdown(column)} {escape_markdown(value)}" for column, value in shared
        )
        lines += ["", f"The same in every trial: {pairs}."]
    return "\n".join(lines) + "\n"


def write_leaderboard(folder: Path) -> Leaderboard:
    """Write leaderboard.csv, .json and .md into a run folder, each whole or not at all.

    Raises:
        RunFolderError: It is no run folder, or a file of it is damaged.
    """
    board = build_leaderboard([read_run(folder)])
    write_text(folder / "leaderboard.csv", format_leaderboard_csv(board))
    write_text(folder / "leaderboard.json", format_leaderboard_json(board))
    write_text(folder / "leaderboard.md", format_leaderboard_markdown(board))
    return board


def _group(runs: Sequence[RunRecord]) -> list[list[tuple[RunRecord, TrialRecord]]]:
    groups: dict[tuple[str, str, int | None], list[tuple[RunRecord, TrialRecord]]] = {}
    for run in {run.folder.resolve(): run for run in runs}.values():
        # A run that has not read its pictures yet compares with no other.
        data = run.dataset.fingerprint if run.dataset else str(run.folder.resolve())
        groups.setdefault((data, run.metric, run.folds), []).extend(
            (run, trial) for trial in run.trials
        )
    return list(groups.values())


def _rank(group: list[tuple[RunRecord, TrialRecord]]) -> list[dict[str, Any]]:
    ordered = sorted(group, key=lambda pair: _sort_key(*pair))
    return [
        _make_row(run, trial, rank if trial.state == "complete" else None)
        for rank, (run, trial) in enumerate(ordered, start=1)
    ]


def _sort_key(run: RunRecord, trial: TrialRecord) -> tuple[int, bool, float, int]:
    score = trial.score or 0.0
    badness = score if lower_is_better(run.metric) else -score
    return STATES.index(trial.state), trial.score is None, badness, trial.number


def _make_row(run: RunRecord, trial: TrialRecord, rank: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "rank": rank,
        "trial": trial.number,
        "state": trial.state,
        "score": trial.score,
        "metric": run.metric,
        "params": trial.parameters,
        "epochs": trial.epochs,
        "seconds": trial.seconds,
        "space": run.space,
        "plugin": run.plugins["space"].origin if "space" in run.plugins else None,
    }
    row.update((f"model.{key}", value) for key, value in trial.model.items())
    row.update((f"training.{key}", value) for key, value in trial.training.items())
    row["folds"] = run.folds
    row["fold_sd"] = stdev(trial.fold_scores) if len(trial.fold_scores) > 1 else None
    contender = run.selection.find(trial.number) if run.selection else None
    row["retrained_score"] = contender.score if contender and contender.retrained else None
    row["winner"] = trial.number == run.best_trial
    row["baseline"] = trial.baseline
    row["majority_floor"] = run.floor
    row["cause"] = trial.cause
    row["run"] = run.folder.name
    row["data"] = run.data
    row["fingerprint"] = run.dataset.fingerprint if run.dataset else None
    row["flops"] = trial.flops
    row["latency_ms"] = trial.latency_ms
    return row


def _list_floors(runs: Sequence[RunRecord]) -> Iterator[RunFloor]:
    for run in {run.folder.resolve(): run for run in runs}.values():
        if run.dataset and run.dataset.floor:
            yield RunFloor(run=run.folder.name, metric=run.metric, floor=run.dataset.floor)


def _list_keys(rows: Iterable[Mapping[str, Any]], prefix: str) -> list[str]:
    # In the order of first appearance, which is the order in which a space names them.
    return list(dict.fromkeys(key for row in rows for key in row if key.startswith(prefix)))


def _format_line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(escape_markdown(cell) for cell in cells) + " |"
