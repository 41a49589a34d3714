"""What a search has to survive, as limits of the figures that tell how it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Figures and the most they may be. Nothing may be lost, doubled, left behind or told unclearly.
GOALS: dict[str, float] = {
    **dict.fromkeys(("lost", "duplicates", "left_running", "wrong_total", "wrong_exit"), 0),
    **dict.fromkeys(("damaged", "orphans", "unclear", "wrong", "unreadable"), 0),
    **dict.fromkeys(("wrong_after_resume", "failed_trials", "missing_kills", "exit_code"), 0),
    "slowest_record_seconds": 2.0,  # from a worker's end to its trial's result on the disk
    "slowest_resume_seconds": 10.0,  # from the command to the trial that goes on
    "seconds_to_first_trial": 10.0,
    "slowest_error_seconds": 15.0,
    "ratio": 1.1,  # of the time of two workers to that of one
    "share_of_a_core": 0.03,
    "search_process_mib": 250.0,
    "grown_mib": 100.0,
}


def find_missed(figures: Mapping[str, Any]) -> list[str]:
    """The figures of a scenario that are over their limits, or that could not be measured at all."""
    return [
        name
        for name, value in figures.items()
        if name in GOALS and (value is None or value > GOALS[name])
    ]


def tell_goal(figure: str) -> str:
    """`"0"`, `"at most 2"`; empty for a figure that only tells of what was done."""
    limit = GOALS.get(figure)
    if limit is None:
        return ""
    return f"at most {limit:g}" if limit else "0"
