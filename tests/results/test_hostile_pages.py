"""Five hundred names that mean mischief change no element and no attribute of a page about a run, and no file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hostile_names import Markup, find_formulas, find_obeyed

from imgcls_automl.cli.summary import show_result
from imgcls_automl.results.leaderboard import build_leaderboard, write_leaderboard
from imgcls_automl.results.leaderboard_page import write_leaderboard_page
from imgcls_automl.results.model_card import write_model_card
from imgcls_automl.results.notebook import show_outcome
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report import write_report
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.verdict import (
    describe_outcome,
    format_search_command,
    list_next_commands,
)
from imgcls_automl.run_result import load_result


def write_board(folder: Path) -> Path:
    path = folder / "board.html"
    write_leaderboard_page(path, build_leaderboard([read_run(folder)]))
    return path


@pytest.mark.parametrize("write", [write_report, write_board])
def test_a_page_has_the_elements_and_attributes_it_would_have_with_harmless_names(
    named_runs: Any, write: Any
) -> None:
    hostile, harmless = (write(folder).read_text(encoding="utf-8") for folder in named_runs)
    assert not find_obeyed(hostile)
    page, usual = Markup(hostile), Markup(harmless)
    assert page.shape == usual.shape
    changed = {
        name
        for (name, value), (_, other) in zip(page.attributes, usual.attributes, strict=True)
        if value != other
    }
    assert changed <= {"data-key", "aria-label"}  # what tables are sorted by, and a row's name
    assert any("{{7*7}}" in text for text in page.texts)  # no template was run


def test_a_notebook_is_shown_texts(named_runs: Any) -> None:
    hostile, harmless = map(show_outcome, named_runs)
    assert not find_obeyed(hostile)
    assert Markup(hostile).shape == Markup(harmless).shape


def test_no_file_of_a_run_has_anything_to_obey(named_runs: Any) -> None:
    folder, _ = named_runs
    write_leaderboard(folder)
    write_model_card(folder)
    files = [*folder.glob("leaderboard.*"), *(folder / "best").iterdir()]
    texts = [it for it in files if it.suffix in (".csv", ".json", ".md")]
    assert len(texts) == 11
    for path in texts:
        text = path.read_bytes().decode("utf-8")
        assert not find_obeyed(text), path.name
        assert path.suffix != ".csv" or not find_formulas(text), path.name
        assert path.suffix != ".json" or json.loads(text)


def test_verdict_and_commands_are_harmless(named_runs: Any, capsys: Any) -> None:
    folder, _ = named_runs
    run, scores = read_run(folder), read_scores(folder)
    told = [*describe_outcome(run, scores), *list_next_commands(run, scores)]
    for text in (*told, format_search_command(run)):
        assert not find_obeyed(text)
    show_result(load_result(folder))
    shown = capsys.readouterr().out
    assert told[1].split(":")[0] in " ".join(shown.split())
    assert not find_obeyed(shown)
