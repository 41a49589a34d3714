"""The best of each run: what a reader who compares runs wants first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.results.leaderboard import Leaderboard

BEST_OF_A_RUN = 3


def keep_best(board: Leaderboard, most: int = BEST_OF_A_RUN) -> Leaderboard:
    """Keep of each run its best trials, its winner and its best baseline, with the ranks they have among all.

    A run without a complete trial keeps the first of what it has, so that no run is missing.
    """
    kept: list[Mapping[str, Any]] = []
    seen: Counter[str] = Counter()
    has_baseline: set[str] = set()
    for row in board.rows:
        run, complete = row["run"], row["state"] == "complete"
        is_baseline = complete and row["baseline"] and run not in has_baseline
        if is_baseline:
            has_baseline.add(run)
        if row["winner"] or is_baseline or not seen[run] or (complete and seen[run] < most):
            kept.append(row)
            seen[run] += 1
    lost = Counter(row["section"] for row in board.rows)
    lost.subtract(row["section"] for row in kept)
    sections = tuple(replace(it, left_out=lost[it.number]) for it in board.sections)
    return replace(board, rows=tuple(kept), sections=sections)
