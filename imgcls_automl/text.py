"""Texts from data and plugins made harmless: for people, spreadsheets, JSON and Markdown."""

from __future__ import annotations

import json
import re
import traceback
from typing import Any

# C0 and C1 controls, bidirectional marks, line separators, lone surrogates and noncharacters.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_UNSAFE_IN_JSON = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", ""))
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MARKDOWN = re.compile(r"[\\`*\[\]<>|~&#$@]|(?<!\w)_|_(?!\w)|(?<=:)/|(?<=www)\.")


def plain(text: str) -> str:
    r"""Show what a terminal or a browser would obey: ESC becomes `\x1b`, a bidi override `\u202e`.

    For people's eyes only: backslashes that are there already stay, so there is no exact way back.
    """
    return _UNSAFE.sub(_escape, text)


def plain_block(text: str) -> str:
    """`plain` for a text of several lines, which stay lines."""
    return "\n".join(map(plain, text.split("\n")))


def guard_cell(value: Any) -> Any:
    """Make a CSV cell that no spreadsheet runs: an apostrophe before what looks like a formula.

    Numbers, also numbers written as text, pass untouched; so does None.
    """
    if not isinstance(value, str):
        return value
    text = plain(value)
    is_formula = value.startswith(_FORMULA_START) and not _NUMBER.fullmatch(value)
    return f"'{text}" if is_formula else text


def escape_markdown(value: object) -> str:
    """Write a value so that Markdown shows it as it is, in running text or in a table cell."""
    return "" if value is None else _MARKDOWN.sub(r"\\\g<0>", plain(str(value)))


def format_json(value: Any) -> str:
    """Write JSON that reads back exactly, unsafe characters as escapes; NaN is refused."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n"


def shorten(text: str, most: int) -> str:
    """A long text in at most so many letters, its middle left out: the end of a path tells most."""
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def describe_error(error: BaseException) -> str:
    """An exception of other people's code in one line: `"KeyError: 'label'"`."""
    # Whoever reads it wants the cause, not a library's advice over half a page.
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def describe_frame(error: BaseException) -> str:
    """Where an exception was raised, for its author: `"adapter.py, line 12"`."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}, line {frame.lineno}"


def format_bytes(size: int) -> str:
    """`"512 bytes"`, `"3.2 MB"`, `"20 GB"`: decimal, as disks are sold."""
    if size < 1000:
        return f"{size} bytes"
    units = ("kB", "MB", "GB", "TB")
    power = next((power for power in (1, 2, 3) if size < 999.5 * 1000**power), len(units))
    value = size / 1000**power
    return f"{value:.{1 if value < 9.95 else 0}f} {units[power - 1]}"


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
