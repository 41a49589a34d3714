"""Five hundred names that mean mischief, for classes, files and groups: what no output may obey."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser

STEMS = (
    *("\x1b[31mred", "[red]rich[/red]", "<script>alert(1)</script>", "=cmd|' /C calc'!A0"),
    *("{{7*7}}", "{% include 'x' %}", "@SUM(A1)", "+1+1", "-2+3", "\u202eevil", "\u2066mark"),
    *("line\nbreak", "tab\tstop", "\rback", 'quote"d', "lone \udc80", "汉字", "\x00nul", "\x9b2J"),
    *("# head", "| cell |", "`code`", "<img src=x onerror=y>", "javascript:alert(1)", "../up"),
)
NUMBERED = tuple(f"{stem}{number or ''}" for number in range(20) for stem in STEMS)
HOSTILE_NAMES = (*NUMBERED[:-1], "x" * 4096)
HARMLESS_NAMES = tuple(f"name {number:03}" for number in range(len(HOSTILE_NAMES)))

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
OBEYED = frozenset("\x7f\x9b\u202e\u2066") | {chr(code) for code in range(32) if code != 10}


class Markup(HTMLParser):
    """A page as a browser takes it: `tags`, `attributes` (of all elements, in order) and `texts`."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data.strip())

    @property
    def shape(self):
        """What names may not change: the elements, and which attributes they have."""
        return self.tags, [name for name, _ in self.attributes]


def find_obeyed(text, *, but=""):
    """What a terminal would obey of a text, `but` for some; fails on what no file can hold."""
    text.encode("utf-8")
    return OBEYED.difference(but).intersection(text)


def find_formulas(text):
    """The cells of CSV that a spreadsheet would compute; fails on rows of unequal length."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len({len(row) for row in rows}) <= 1
    return [cell for row in rows for cell in row if cell.startswith(FORMULA_STARTS)]
