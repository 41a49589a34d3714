"""A leaderboard's cells and remarks as people read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.executors.causes import CARRIED_OVER
from imgcls_automl.results.choice import describe_floor
from imgcls_automl.results.figures import name_metric
from imgcls_automl.text import format_bytes, plain, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imgcls_automl.results.leaderboard import Leaderboard, Section

_DECIMALS = {
    **dict.fromkeys(("score", "fold_sd", "retrained_score", "test_score"), 4),
    **dict.fromkeys(("low", "high", "test_low", "test_high"), 4),
    **{"seconds": 1, "latency_ms": 2},
}
# In tables for people, `describe_role` and `describe_floors` say these.
_TOLD = {"winner", "baseline", "tied", "majority_floor", "section"}

_SETTINGS = ("model.", "training.")  # how the columns of a candidate's parameters begin
_LONGEST = 40  # letters of a source
_MOST_SOURCES = 3
FINGERPRINT_SHOWN = 12  # characters, enough to name a data set by


def select_differing(board: Leaderboard, columns: Iterable[str]) -> list[str]:
    """Keep the columns whose values are not the same in every row that has one, and that nothing else tells."""
    return [it for it in columns if it not in _TOLD and len(_distinct(board, it)) > 1]


def describe_role(row: Mapping[str, Any]) -> str:
    """`"winner"`, `"baseline, tied"`, `"carried over"` (from another run) or nothing."""
    carried = [CARRIED_OVER] if row.get("cause") == CARRIED_OVER else []
    return ", ".join(
        [*(role for role in ("winner", "baseline", "tied") if row.get(role)), *carried]
    )


def describe_interval(row: Mapping[str, Any]) -> str:
    """`"0.9203 to 0.9301"`: the 95% interval of a row's score; empty where there is none."""
    if row.get("low") is None:
        return ""
    return f"{format_value('low', row['low'])} to {format_value('high', row['high'])}"


def explain_sections(board: Leaderboard) -> list[str]:
    """Say why there is more than one table, where there is."""
    if len(board.sections) < 2:
        return []
    return [
        f"There are {len(board.sections)} tables, each with a rank 1 of its own: scores on different data, by "
        "different metrics or from different folds cannot be ranked against each other."
    ]


def describe_section(section: Section) -> str:
    """`"accuracy on fashion.csv (4f2a9c01d3e8), 2 runs"`."""
    # Without the folders, which differ from machine to machine: the fingerprint tells data sets apart.
    sources = dict.fromkeys(
        Path(source).name or source for text in section.data for source in text.split(", ")
    )
    names = [shorten(name, _LONGEST) for name in sources][:_MOST_SOURCES]
    more = [f"{len(sources) - len(names)} more"] if len(sources) > len(names) else []
    data = ", ".join([*names, *more]) or "pictures not named"
    known = (section.fingerprint or "").removeprefix("sha256:")[:FINGERPRINT_SHOWN]
    told = f"{name_metric(section.metric)} on {data} ({known or 'not read yet'})"
    if section.folds:
        told += f", {section.folds} folds"
    return plain(f"{told}, {len(section.runs)} runs" if len(section.runs) > 1 else told)


def list_remarks(board: Leaderboard) -> list[str]:
    """What a reader has to know of the rows of one section: what is not there yet, left out or tied."""
    told = []
    for section in board.sections:
        told += [_describe_emptiness(board, section), _describe_ties(board, section)]
        if section.left_out:
            noun = "trial is" if section.left_out == 1 else "trials are"
            told.append(f"{section.left_out:,} more {noun} left out; --all shows every one.")
    return [sentence for sentence in told if sentence]


def _describe_emptiness(board: Leaderboard, section: Section) -> str:
    complete = {row["run"] for row in board.rows if row["state"] == "complete"}
    empty = [run for run in section.runs if run not in complete]
    if not empty:
        return ""
    return plain(
        f"No trial of {', '.join(empty)} is complete yet: ask again while it runs, or go on with "
        "imgcls-automl resume RUN."
    )


def _describe_ties(board: Leaderboard, section: Section) -> str:
    if section.leader is None or sum(row["state"] == "complete" for row in board.rows) < 2:
        return ""
    run, trial = section.leader
    name = f"trial {trial}" + (f" of {run}" if len(section.runs) > 1 else "")
    metric = name_metric(section.metric)
    if not section.tells_ties:
        return plain(
            f"No ties are told: only answers of retrained trials say how far {metric} varies, and {name} has none."
        )
    mark = f"tied ({section.tied:,})"
    if section.metric != "accuracy":
        others = "Trials that were not retrained are not judged: a score alone does not say how far it varies."
        told = f"{mark}: retrained, as good as {name}, as far as their answers to validation tell."
        return plain(
            f"{told if section.tied else f'No retrained trial is within chance of {name}.'} {others}"
        )
    if not section.tied:
        return plain(f"None is within chance of {name} on validation.")
    return plain(
        f"{mark}: as accurate as {name}, as far as validation tells: chance alone makes such differences."
    )


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
    settings = [column for column in board.columns if column.startswith(_SETTINGS)]
    return [
        (column, format_value(column, next(iter(values))[1]))
        for column in settings
        if len(values := _distinct(board, column)) == 1 and _is_of_all(board, column)
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
    if isinstance(value, int) and column == "size_bytes":
        return format_bytes(value)
    return plain(str(value))


def _distinct(board: Leaderboard, column: str) -> set[tuple[type, Any]]:
    # With the type, so that False and 0, or 1 and 1.0, are not taken for one.
    values = (row.get(column) for row in board.rows)
    return {(type(value), value) for value in values if value is not None}


def _is_of_all(board: Leaderboard, column: str) -> bool:
    """Whether every candidate has a parameter, not only those with a branch of the space."""
    return all(row.get(column) is not None for row in board.rows if _has_settings(row))


def _has_settings(row: Mapping[str, Any]) -> bool:
    return any(name.startswith(_SETTINGS) and row[name] is not None for name in row)
