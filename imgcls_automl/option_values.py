"""Reads option values as people write them, on a command line or in a file.

Each function raises ValueError with what is wanted, in words that follow "must be".
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SWITCHES = {
    **dict.fromkeys(("true", "on", "yes", "1"), True),
    **dict.fromkeys(("false", "off", "no", "0"), False),
}


def parse_text(value: object) -> str:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("a text")
    return str(value)


def parse_sources(value: object) -> tuple[str, ...]:
    """Read one source, or a list of them."""
    sources = value if isinstance(value, list | tuple) else [value]
    try:
        return tuple(parse_text(source) for source in sources)
    except ValueError:
        raise ValueError("a text, or a list of texts") from None


def parse_choice(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return parse


def parse_switch(value: object) -> bool:
    """Read `true`, `"on"`, `"yes"`, `"1"` and their opposites."""
    text = str(value).strip().lower()
    if text not in _SWITCHES:
        raise ValueError("true or false")
    return _SWITCHES[text]


def parse_whole(low: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        text = str(value)
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,12}", text) or int(text) < low:
            raise ValueError(f"a whole number from {low} up")
        return int(text)

    return parse


def parse_score(value: object) -> float:
    try:
        score = float(str(value))
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise ValueError("a number, such as 0.9")
    return score


def parse_share(value: object) -> float:
    """Read a share of the pictures, `"0.3"`; at most a half."""
    share = float(str(value)) if re.fullmatch(r"0?\.\d{1,9}", str(value).strip()) else 0.0
    if not 0 < share <= 0.5:
        raise ValueError("a share above 0 and up to 0.5, such as 0.3")
    return share


def parse_count(value: object) -> int:
    """Read `"2M"`, `"500k"`, `"1.5G"` or a plain number as a count."""
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    match = re.fullmatch(r"(\d{1,15}(?:\.\d+)?)\s*([kmg]?)", text.strip().lower())
    count = round(float(match[1]) * 1000 ** " kmg".index(match[2] or " ")) if match else 0
    if isinstance(value, bool) or not 1 <= count < 10**18:
        raise ValueError("a number above zero, such as 500k, 2M or 1.5G")
    return count


def parse_milliseconds(value: object) -> float:
    """Read `"5"`, `0.5` or `"5ms"`."""
    text = str(value).strip().lower().removesuffix("ms").strip()
    milliseconds = float(text) if re.fullmatch(r"\d{1,9}(\.\d+)?", text) else 0.0
    if not milliseconds:
        raise ValueError("milliseconds above zero, such as 5 or 0.5")
    return milliseconds


def parse_duration(value: object) -> float:
    """Read `"90"`, `"90s"`, `"30m"`, `"1.5h"` or `"1h30m"` as seconds."""
    wanted = "a time above zero, such as 90s, 30m or 1h30m"
    text = str(value).strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        text += "s"
    if not re.fullmatch(r"(\d+(\.\d+)?[smhd])+", text):
        raise ValueError(wanted)
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    seconds = sum(
        float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)([smhd])", text)
    )
    if not 0 < seconds < 1e9:
        raise ValueError(wanted)
    return seconds


def parse_bytes(value: object) -> int:
    """Read `"20GB"`, `"500 MB"`, `"1.5TB"` (decimal) or a plain number as bytes."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d+)?)\s*([kmgt]?)b?", str(value).strip().lower())
    size = float(match[1]) * 1000 ** " kmgt".index(match[2] or " ") if match else 0.0
    if not 1 <= size < 1e18:
        raise ValueError("an amount above zero, such as 500MB or 20GB")
    return int(size)


def parse_size(value: object) -> tuple[int, int]:
    """Read `64` or `"64x48"` (height x width) as (height, width) in pixels."""
    if isinstance(value, list | tuple) and len(value) == 2:
        value = f"{value[0]}x{value[1]}"
    match = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", str(value).strip().lower())
    height, width = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not (8 <= height <= 1024 and 8 <= width <= 1024):
        raise ValueError("a size from 8 to 1024 pixels, such as 64 or 48x64 (height x width)")
    return height, width


def parse_pairs(value: object) -> dict[str, str]:
    """Read `["k=v", ...]` or a table as texts by name."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, dict):
        return {str(key).replace("-", "_"): str(text) for key, text in value.items()}
    pairs = [str(item).partition("=") for item in value] if isinstance(value, list | tuple) else []
    if not pairs or not all(name and equals for name, equals, _ in pairs):
        raise ValueError("name=value")
    return {name.replace("-", "_"): text for name, _, text in pairs}
