"""The report's leaderboard: few columns, and all settings behind each row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.results.axes import shorten_number
from imgcls_automl.results.figures import find_best_first, format_score
from imgcls_automl.results.leaderboard_texts import format_value, select_differing
from imgcls_automl.results.shortlist import find_standing, keep_first
from imgcls_automl.results.ties import measure_interval
from imgcls_automl.text import format_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcls_automl.results.leaderboard import Leaderboard
    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.trial_record import TrialRecord

MAX_ROWS = 300  # of the leaderboard, beside those of the winner and the baselines
FEW_ROWS = 15  # shown before a reader asks for the others
MAX_SETTINGS = 2  # columns of the candidates; the others are in a row's details

_PREFIXES = ("model.", "training.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A text, and what the column is sorted by: a number, or the text itself."""

    text: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a score and its 95% interval lie, in per cent of the column's width."""

    low: float
    value: float
    high: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the leaderboard and what its details hold.

    `mark` stresses the leader; what `stands` is shown before a reader asks for the others, wherever it is.
    """

    trial: int
    rank: Cell
    state: str
    roles: tuple[str, ...]
    score: Cell
    spread: str
    span: Span | None
    shown: tuple[Cell, ...]
    params: Cell
    size: Cell
    seconds: Cell
    latency: Cell
    mark: bool
    stands: bool
    settings: tuple[tuple[str, str], ...]
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The leaderboard of one run as the page's template wants it.

    Attributes:
        rows: Best first.
        best_first: The order of scores that has the best on top, as `aria-sort` calls it.
        few: How many of them are shown before a reader asks for the others.
        left_out: How many more there are in leaderboard.csv.
        shown: (column, label) of the settings that have columns: those with most different values.
        has_latency: Whether it was measured.
        has_spread: Whether scores have an interval or differ by folds.
        settings: Of the leader, (label, value).
        causes: (cause, how many) of the trials that failed or were infeasible, the most frequent first.
    """

    rows: tuple[Row, ...]
    best_first: str
    few: int
    left_out: int
    shown: tuple[tuple[str, str], ...]
    has_latency: bool
    has_spread: bool
    settings: tuple[tuple[str, str], ...]
    causes: tuple[tuple[str, int], ...]


def make_board(board: Leaderboard, run: RunRecord, leader: TrialRecord | None) -> Board:
    """Lay out the leaderboard of one run; `leader` is the trial to stress."""
    columns = [it for it in board.columns if it.startswith(_PREFIXES)]
    shown = _choose_settings(board, columns)
    trials = {trial.number: trial for trial in run.trials}
    rows = keep_first(board.rows, MAX_ROWS)
    standing = find_standing(rows)
    intervals = {row["trial"]: measure_interval(run, trials[row["trial"]]) for row in rows}
    spans = _place_spans(rows, intervals)
    made = [
        _make_row(
            row,
            trials[row["trial"]],
            run,
            shown=shown,
            columns=columns,
            span=spans.get(row["trial"]),
            roles=_list_roles(row, leader),
            stands=at in standing,
        )
        for at, row in enumerate(rows)
    ]
    best = next((row for row in made if leader and row.trial == leader.number), None)
    return Board(
        rows=tuple(made),
        best_first=find_best_first(run.metric),
        few=FEW_ROWS,
        left_out=len(board.rows) - len(rows),
        shown=tuple((column, shorten_column(column)) for column in shown),
        has_latency=any(row.latency.text for row in made),
        has_spread=bool(spans) or any(row.spread for row in made),
        settings=best.settings if best else (),
        causes=tuple(
            Counter(
                it.cause or it.state for it in run.trials if it.state in ("failed", "infeasible")
            ).most_common()
        ),
    )


def shorten_column(column: str) -> str:
    """`"training.augmentation.rotation"` would make a column wider than its values ever are: `"rotation"`."""
    for prefix in ("training.augmentation.", *_PREFIXES[::-1]):
        if column.startswith(prefix):
            return column.removeprefix(prefix).replace("_", " ")
    return column


def format_seconds(seconds: float) -> str:
    """`"8.4 s"`, `"3m 05s"`, `"2h 10m"`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02}s" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02}m"


def _choose_settings(board: Leaderboard, columns: Sequence[str]) -> list[str]:
    counts = {
        column: len({row[column] for row in board.rows if column in row})
        for column in select_differing(board, columns)
    }
    most = sorted(counts, key=lambda column: -counts[column])[:MAX_SETTINGS]
    return [column for column in columns if column in most]


def _list_roles(row: Mapping[str, Any], leader: TrialRecord | None) -> tuple[str, ...]:
    roles = []
    if leader and row["trial"] == leader.number:
        roles.append("winner" if row["winner"] else "leader")
    if row["tied"]:
        roles.append("tied")
    if row["baseline"]:
        roles.append("baseline")
    return tuple(roles)


def _place_spans(
    rows: Sequence[Mapping[str, Any]], intervals: Mapping[int, tuple[float, float] | None]
) -> dict[int, Span]:
    # One scale for all, made for the best: one failure at the bottom would press them together.
    ends = [
        end
        for row in rows[:FEW_ROWS]
        if row["state"] == "complete" and (interval := intervals[row["trial"]])
        for end in interval
    ]
    if not ends:
        return {}
    low, wide = min(ends), max(max(ends) - min(ends), 1e-9)

    def place(value: float) -> float:
        return 100 * min(max((value - low) / wide, 0.0), 1.0)

    return {
        row["trial"]: Span(
            low=place(interval[0]),
            value=place(row["score"]),
            high=place(interval[1]),
            title=f"95% interval {100 * interval[0]:.1f}% to {100 * interval[1]:.1f}%",
        )
        for row in rows
        if (interval := intervals[row["trial"]])
    }


def _make_row(
    row: Mapping[str, Any],
    trial: TrialRecord,
    run: RunRecord,
    *,
    shown: Sequence[str],
    columns: Sequence[str],
    span: Span | None,
    roles: tuple[str, ...],
    stands: bool,
) -> Row:
    spread = row.get("fold_sd")
    return Row(
        trial=row["trial"],
        rank=_make_cell("" if row["rank"] is None else str(row["rank"]), row["rank"]),
        state=row["state"],
        roles=roles,
        score=_make_cell(
            "" if trial.score is None else format_score(run.metric, trial.score), trial.score
        ),
        spread="" if spread is None else f"± {format_score(run.metric, spread)}",
        span=span,
        shown=tuple(_make_cell(format_value(it, row.get(it)), row.get(it)) for it in shown),
        params=_make_cell(shorten_number(trial.parameters or 0), trial.parameters),
        size=_make_cell(format_bytes(trial.size_bytes or 0), trial.size_bytes),
        seconds=_make_cell(format_seconds(trial.seconds or 0), trial.seconds),
        latency=_make_cell(f"{trial.latency_ms or 0:.3g} ms", trial.latency_ms),
        mark=any(role in ("winner", "leader") for role in roles),
        stands=stands,
        settings=(
            ("epochs", str(trial.epochs)),
            *([("weights", f"{trial.parameters:,}")] if trial.parameters else []),
            *(
                (shorten_column(it), format_value(it, row[it]))
                for it in columns
                if row.get(it) is not None
            ),
        ),
        cause=_describe_cause(trial),
    )


def _make_cell(text: str, value: object) -> Cell:
    if value is None:
        return Cell(text="", key="")
    if isinstance(value, bool):
        return Cell(text=text, key=str(int(value)))
    return Cell(text=text, key=f"{value!r}" if isinstance(value, int | float) else str(value))


def _describe_cause(trial: TrialRecord) -> str:
    if not trial.cause:
        return ""
    more = f" ({trial.detail})" if trial.detail and trial.detail != trial.cause else ""
    return f"{trial.cause}{more}"
