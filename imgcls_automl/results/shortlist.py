"""Which trials a short leaderboard shows: the best, the winner, and the baselines they are measured against."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcls_automl.results.leaderboard import Leaderboard

BEST_OF_A_RUN = 3
MOST_BASELINES = 5  # that stand in a table below its first rows


def keep_first(rows: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """Keep the first rows of a leaderboard, and from below them those that stand in every table."""
    standing = find_standing(rows)
    return [row for at, row in enumerate(rows) if at < most or at in standing]


def find_standing(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Where the rows are that stand in every table, however short: the winners and the best baselines."""
    winners = [at for at, row in enumerate(rows) if row["winner"]]
    baselines = [at for at, row in enumerate(rows) if row["baseline"]]
    return {*winners, *baselines[:MOST_BASELINES]}


def keep_best(board: Leaderboard, most: int = BEST_OF_A_RUN) -> Leaderboard:
    """Keep of each run its best trials, its winner and its best baseline, with the ranks they have among all.

    A run without a complete trial keeps the first of what it has, so that no run is missing; one without a complete
    baseline the first of those it has.
    """
    kept: list[Mapping[str, Any]] = []
    seen: Counter[str] = Counter()
    has_baseline: set[str] = set()
    for row in board.rows:
        run, complete = row["run"], row["state"] == "complete"
        # Rows are best first, the complete ones on top.
        is_baseline = row["baseline"] and run not in has_baseline
        if is_baseline:
            has_baseline.add(run)
        if row["winner"] or is_baseline or not seen[run] or (complete and seen[run] < most):
            kept.append(row)
            seen[run] += 1
    lost = Counter(row["section"] for row in board.rows)
    lost.subtract(row["section"] for row in kept)
    sections = tuple(replace(it, left_out=lost[it.number]) for it in board.sections)
    return replace(board, rows=tuple(kept), sections=sections)
