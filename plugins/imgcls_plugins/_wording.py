"""Text taken from the user's files, made fit for identifiers and for error messages."""

from __future__ import annotations

import os
import re

_LOOKS_ESCAPED = re.compile(r"\\x[89a-f][0-9a-f]")


def as_text(name: str) -> str:
    """A file's name as valid Unicode, another text for each name: bytes that are no UTF-8 become `\\xff`.

    Where a name has such bytes, or looks as if it had, a backslash of its own becomes two.
    """
    encoded = os.fsencode(name)
    text = encoded.decode("utf-8", "backslashreplace")
    if not _LOOKS_ESCAPED.search(text):
        return text
    return encoded.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def printable(text: str, limit: int = 200) -> str:
    """Text safe on a terminal and of bounded length: what cannot be printed is escaped."""
    shown = text if len(text) <= limit else text[: limit - 3] + "..."
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def quoted(text: str, limit: int = 40) -> str:
    """Printable text between quotes."""
    return f"'{printable(text, limit)}'"


def listed(names: list[str], limit: int = 3) -> str:
    """The first few names, printable, and how many more there are: `"cat, dog and 7 more"`."""
    shown = [printable(name, 40) for name in names[:limit]]
    if len(names) > limit:
        return f"{', '.join(shown)} and {len(names) - limit:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
