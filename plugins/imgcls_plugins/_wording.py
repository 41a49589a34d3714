"""Text taken from the user's files, made fit for identifiers and for error messages."""

from __future__ import annotations

import os


def as_text(name: str) -> str:
    """A file's name as valid Unicode: bytes that are no UTF-8 become `\\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


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
