"""The majority floor and the baselines stand in every leaderboard, however short it is."""

from __future__ import annotations

from typing import Any

import pytest
from hostile_names import Markup

from imgcls_automl.cli.leaderboard_tables import draw_board
from imgcls_automl.results.leaderboard import Leaderboard, build_leaderboard
from imgcls_automl.results.notebook import show_outcome
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report import write_report
from imgcls_automl.results.report_tables import MAX_ROWS
from imgcls_automl.results.shortlist import MOST_BASELINES, keep_first


def write_trials(run: Any, count: int, *, baselines: int = 2, winner: int | None = None) -> Any:
    """Trials of which the later are the better; the first ones are the baselines."""
    for number in range(count):
        run.write_trial(number, score=0.5 + number / 1000, epochs=1, baseline=number < baselines)
    return run.write_run(best_trial=count - 1 if winner is None else winner)


def build(run: Any) -> Leaderboard:
    return build_leaderboard([read_run(run.path)])


def test_the_first_rows_the_winner_and_the_baselines_are_kept(run_folder: Any) -> None:
    board = build(write_trials(run_folder, 20, winner=4))
    assert [row["trial"] for row in keep_first(board.rows, 3)] == [19, 18, 17, 4, 1, 0]


def test_of_many_baselines_the_best_are_kept(run_folder: Any) -> None:
    board = build(write_trials(run_folder, 40, baselines=20))
    kept = [row["trial"] for row in keep_first(board.rows, 2)]
    assert kept == [39, 38, *range(19, 19 - MOST_BASELINES, -1)]


@pytest.mark.parametrize("width", [20, 30, 40, 80, 200])
def test_a_terminal_of_any_width_marks_the_baselines(run_folder: Any, width: int) -> None:
    board = build(write_trials(run_folder, 12))
    lines = draw_board(board, width, most=3)
    marked = [line.split()[1] for line in lines if "baseline" in line]
    assert marked == ["1", "0"]
    assert "... and 7 more" in lines


def test_a_baseline_that_failed_is_marked_where_runs_are_compared_too(
    tmp_path: Any, run_folder: Any
) -> None:
    other = write_trials(type(run_folder)(tmp_path / "other"), 2)
    run_folder.write_trial(0, state="failed", score=None, baseline=True).write_trial(1)
    board = build_leaderboard([read_run(it.path) for it in (run_folder, other)])
    assert sum("baseline" in line for line in draw_board(board, 40)) == 3


def test_a_notebook_shows_roles_baselines_and_the_floor(run_folder: Any) -> None:
    shown = show_outcome(write_trials(run_folder, 15).path)
    texts = Markup(shown).texts
    assert shown.count("<tr>") == 1 + 10 + 2
    assert texts.count("baseline") == 2
    assert texts.count("winner") == 1
    assert "and 3 more: result.leaderboard()" in texts
    assert "Majority floor: Always naming the most frequent training class gives 10.0%" in shown


def test_a_report_cuts_no_baseline_and_no_winner_off(run_folder: Any) -> None:
    run = write_trials(run_folder, MAX_ROWS + 10, winner=5)
    page = write_report(run.path).read_text(encoding="utf-8")
    assert page.count('<span class="badge baseline">') == 2
    assert page.count('<span class="badge winner">') == 1
    assert "7 more rows stand in leaderboard.csv" in page
