"""Texts from data can inject nothing, wherever they are shown."""

from __future__ import annotations

import csv
import io
import json

import pytest

from imgcls_automl.text import escape_markdown, format_bytes, format_json, guard_cell, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udcff", "\\udcff"),
        ("\x85\x7f", "\\x85\\x7f"),
        ("Größe 猫 [red] <b>", "Größe 猫 [red] <b>"),
    ],
)
def test_plain_shows_what_a_terminal_would_obey(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-x.png", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert guard_cell(text).startswith("'")


@pytest.mark.parametrize("value", [-1.5, 3, None, True, "-5", "+1e-3", "cat", ""])
def test_numbers_and_harmless_texts_stay_untouched(value: object) -> None:
    assert guard_cell(value) == value


def test_a_guarded_cell_stays_one_cell() -> None:
    line = io.StringIO()
    csv.writer(line).writerow([guard_cell('=a,"b"\n'), 1])
    assert list(csv.reader([line.getvalue()])) == [['\'=a,"b"\\x0a', "1"]]


def test_markdown_shows_markup_instead_of_obeying_it() -> None:
    shown = escape_markdown("a|b\n[x](http://y) <script> `c` *d*")
    assert shown == "a\\|b\\\\x0a\\[x\\](http:\\//y) \\<script\\> \\`c\\` \\*d\\*"


def test_markdown_leaves_ordinary_names_readable() -> None:
    assert escape_markdown("learning_rate 0.004, T-shirt/top") == "learning_rate 0.004, T-shirt/top"


def test_json_reads_back_exactly_but_carries_no_control_characters() -> None:
    value = {"\x1b]0;\x9b\u202e": ["\udc80", "é", "\n"]}
    text = format_json(value)
    assert json.loads(text) == value
    assert not {"\x1b", "\x9b", "\u202e", "\udc80"} & set(text)
    assert "é" in text


def test_json_refuses_what_json_has_not() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        format_json([float("nan")])


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (20 * 10**9, "20 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_are_told_as_disks_are_sold(size: int, told: str) -> None:
    assert format_bytes(size) == told
