"""Five hundred names that mean mischief, for classes, files and groups: what no output may obey."""

from __future__ import annotations

STEMS = (
    *("\x1b[31mred", "[red]rich[/red]", "<script>alert(1)</script>", "=cmd|' /C calc'!A0"),
    *("{{7*7}}", "{% include 'x' %}", "@SUM(A1)", "+1+1", "-2+3", "\u202eevil", "\u2066mark"),
    *("line\nbreak", "tab\tstop", "\rback", 'quote"d', "lone \udc80", "汉字", "\x00nul", "\x9b2J"),
    *("# head", "| cell |", "`code`", "<img src=x onerror=y>", "javascript:alert(1)", "../up"),
)
NUMBERED = tuple(f"{stem}{number or ''}" for number in range(20) for stem in STEMS)
HOSTILE_NAMES = (*NUMBERED[:-1], "x" * 4096)

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
OBEYED = frozenset("\x7f\x9b\u202e\u2066") | {chr(code) for code in range(32) if code != 10}
