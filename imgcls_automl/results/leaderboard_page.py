"""The leaderboard as one page that opens offline, in the style of the report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import write_text
from imgcls_automl.results.axes import shorten_number
from imgcls_automl.results.figures import find_best_first, format_score, name_metric
from imgcls_automl.results.leaderboard_texts import (
    describe_floors,
    describe_role,
    describe_section,
    explain_sections,
    format_value,
    list_remarks,
)
from imgcls_automl.results.report_tables import Cell, Span, format_seconds, shorten_column
from imgcls_automl.results.result_page import MAX_NAME, MAX_TEXT, render_page
from imgcls_automl.text import format_bytes, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from imgcls_automl.results.leaderboard import Leaderboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A trial on the page, and what its details hold; `mark` stresses the leader."""

    rank: Cell
    run: str
    trial: int
    state: str
    roles: tuple[str, ...]
    score: Cell
    span: Span | None
    test: Cell
    test_interval: str
    space: str
    plugin: str
    params: Cell
    size: Cell
    seconds: Cell
    latency: Cell
    mark: bool
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A section of the leaderboard on the page.

    Attributes:
        title: What is ranked.
        verdict: Who leads, in words.
        lines: Best first.
        best_first: The order of scores that has the best on top, as `aria-sort` calls it.
        remarks: Below the table.
        has: The columns that are not empty.
    """

    title: str
    verdict: str
    lines: tuple[Line, ...]
    best_first: str
    remarks: tuple[str, ...]
    has: frozenset[str]


def write_leaderboard_page(path: Path, board: Leaderboard) -> None:
    """Write a leaderboard as one page, whole or not at all. Raises OSError."""
    values = {
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "runs": sum(len(section.runs) for section in board.sections),
        "reasons": explain_sections(board),
        "tables": [_make_table(board.of_section(section)) for section in board.sections],
    }
    page = render_page("leaderboard.html.jinja", values, style="leaderboard.css")
    write_text(path, page)


def _make_table(board: Leaderboard) -> Table:
    (section,) = board.sections
    scale = _make_scale(board.rows)
    lines = tuple(
        _make_line(row, scale, mark=(row["run"], row["trial"]) == section.leader)
        for row in board.rows
    )
    optional = {
        "span": any(line.span for line in lines),
        "test": any(line.test.text for line in lines),
        "latency": any(line.latency.text for line in lines),
    }
    title = describe_section(section)
    return Table(
        title=title[0].upper() + title[1:],
        verdict=_describe_first(board),
        lines=lines,
        best_first=find_best_first(section.metric),
        remarks=(*list_remarks(board), *describe_floors(board)),
        has=frozenset(name for name, there in optional.items() if there),
    )


def _describe_first(board: Leaderboard) -> str:
    """`"Trial 3 of b (resnet_small) leads with 93.9% accuracy on validation; 2 others are statistically tied."`."""
    section = board.sections[0]
    leader, tied = section.leader, section.tied
    row = next((it for it in board.rows if (it["run"], it["trial"]) == leader), None)
    if row is None:
        return ""
    run, space = (shorten(row[part], MAX_NAME) for part in ("run", "space"))
    name, metric = f"Trial {row['trial']} of {run} ({space})", row["metric"]
    told = f"{name} leads with {format_score(metric, row['score'])} {name_metric(metric)} on validation"
    if row.get("test_score") is not None:
        told += (
            f" and {format_score(metric, row['test_score'])} on the test split ({_bound_test(row)})"
        )
    if tied:
        others = "1 other is" if tied == 1 else f"{tied} others are"
        told += f"; {others} statistically tied with it"
    return f"{told}."


def _make_line(row: Mapping[str, Any], scale: Scale | None, *, mark: bool) -> Line:
    metric = row["metric"]
    return Line(
        rank=_make_cell(row["rank"], str),
        run=row["run"],
        trial=row["trial"],
        state=row["state"],
        roles=tuple(filter(None, describe_role(row).split(", "))),
        score=_make_cell(row["score"], lambda value: format_score(metric, value)),
        span=scale.show(row) if scale and row.get("low") is not None else None,
        test=_make_cell(row.get("test_score"), lambda value: format_score(metric, value)),
        test_interval=_bound_test(row),
        space=row["space"],
        plugin=row["plugin"] or "",
        params=_make_cell(row["params"], shorten_number),
        size=_make_cell(row.get("size_bytes"), format_bytes),
        seconds=_make_cell(row["seconds"], format_seconds),
        latency=_make_cell(row.get("latency_ms"), lambda value: f"{value:.3g} ms"),
        mark=mark,
        settings=_list_settings(row),
    )


def _list_settings(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    known = [("data", row["data"]), ("epochs", row["epochs"]), ("why", row["cause"])]
    known += [
        (shorten_column(column), value)
        for column, value in row.items()
        if column.startswith(("model.", "training."))
    ]
    return tuple(
        (shorten(name, MAX_NAME), shorten(format_value("", value), MAX_TEXT))
        for name, value in known
        if value not in (None, "")
    )


def _bound_test(row: Mapping[str, Any]) -> str:
    low, high = row.get("test_low"), row.get("test_high")
    if low is None or high is None:
        return ""
    return f"{format_score(row['metric'], low)} to {format_score(row['metric'], high)}"


def _make_cell(value: Any, show: Any) -> Cell:
    return Cell(text="", key="") if value is None else Cell(text=show(value), key=repr(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The range that the intervals of a section are drawn on."""

    low: float
    high: float

    def show(self, row: Mapping[str, Any]) -> Span:
        """Place a row's score and interval."""
        low, high = (format_score(row["metric"], row[end]) for end in ("low", "high"))
        return Span(
            low=self._place(row["low"]),
            value=self._place(row["score"]),
            high=self._place(row["high"]),
            title=f"95% interval {low} to {high}",
        )

    def _place(self, value: float) -> float:
        share = (value - self.low) / max(self.high - self.low, 1e-9)
        return 100 * min(max(share, 0.0), 1.0)


def _make_scale(rows: Sequence[Mapping[str, Any]]) -> Scale | None:
    ends = [
        row[end]
        for row in rows
        for end in ("low", "high")
        if row["state"] == "complete" and row.get(end) is not None
    ]
    return Scale(low=min(ends), high=max(ends)) if ends else None
