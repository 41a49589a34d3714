"""A leaderboard as text: CSV, JSON and Markdown."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from imgcls_automl.files import format_csv
from imgcls_automl.results.documents import SCHEMA_VERSION
from imgcls_automl.results.leaderboard import COLUMNS
from imgcls_automl.results.leaderboard_texts import (
    describe_floors,
    describe_role,
    describe_section,
    describe_shared,
    explain_sections,
    format_value,
    list_remarks,
    select_differing,
)
from imgcls_automl.text import escape_markdown, format_json, guard_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imgcls_automl.results.leaderboard import Leaderboard


def format_leaderboard_csv(board: Leaderboard) -> str:
    """A CSV table; texts are guarded against spreadsheets that would run them as formulas."""
    rows = ([guard_cell(row.get(column)) for column in board.columns] for row in board.rows)
    return format_csv([guard_cell(column) for column in board.columns], rows)


def format_leaderboard_json(board: Leaderboard) -> str:
    """One JSON object: schema_version, columns, rows (every row with every column), floors, one a run, and sections."""
    rows = [{column: row.get(column) for column in board.columns} for row in board.rows]
    return format_json(
        {
            "schema_version": SCHEMA_VERSION,
            "columns": list(board.columns),
            "rows": rows,
            "floors": [
                {"run": it.run, "metric": it.metric, "floor": dict(it.floor)} for it in board.floors
            ],
            "sections": [asdict(it) for it in board.sections],
        }
    )


def format_leaderboard_markdown(board: Leaderboard) -> str:
    """A table a section, of the columns that tell its rows apart; floors, and what all rows share, below."""
    lines = [escape_markdown(told) for told in explain_sections(board)]
    for section in board.sections:
        lines += ["", f"## {escape_markdown(describe_section(section))}", ""]
        part = board.of_section(section)
        lines += _list_table(part) if part.rows else []
        for told in (*list_remarks(part), *describe_floors(part)):
            lines += ["", escape_markdown(told)]
        shared = ", ".join(
            f"{escape_markdown(column)} {escape_markdown(value)}"
            for column, value in describe_shared(part)
        )
        lines += ["", f"The same in every trial: {shared}."] if shared else []
    return "\n".join(lines).lstrip("\n") + "\n"


def _list_table(board: Leaderboard) -> list[str]:
    columns = [*COLUMNS, *select_differing(board, board.columns[len(COLUMNS) :])]
    return [
        _format_line([*columns, "role"]),
        _format_line(["---"] * (len(columns) + 1)),
        *(
            _format_line([*(format_value(it, row.get(it)) for it in columns), describe_role(row)])
            for row in board.rows
        ),
    ]


def _format_line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(escape_markdown(cell) for cell in cells) + " |"
