"""Times in words: how long, how long ago, how much longer."""

from __future__ import annotations


def describe_time_left(left: float, *, after: float | None, then: str) -> tuple[str, str]:
    """What is left of the time, at length and in short.

    Args:
        left: Seconds until the command has to be done.
        after: How many of them are for what follows the search; None where the search is over, or not begun.
        then: What follows, or goes on.
    """
    if after is None:
        return f"{_format_countdown(left)} left{then}", f"{_format_countdown(left)} left"
    search, rest = _format_countdown(max(0.0, left - after)), _format_countdown(min(left, after))
    return f"search {search} left, then about {rest}{then}", f"search {search}, then {rest}"


def _format_countdown(seconds: float) -> str:
    # Tenths of a second would only flicker.
    return f"{seconds:.0f}s" if seconds < 10 else format_seconds(seconds)


def format_seconds(seconds: float) -> str:
    """`"41s"`, `"2m05s"`, `"1h02m"`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s" if rest else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if minutes else f"{hours}h"


def format_age(seconds: float) -> str:
    """`"now"`, `"5 minutes ago"`, `"3 days ago"`."""
    for unit, noun in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            return _say_ago(int(seconds // unit), noun)
    return "now"


def _say_ago(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'} ago"
