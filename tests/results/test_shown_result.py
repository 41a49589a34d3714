"""What a search ends with on a terminal: however small it is, the verdict is still there to read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from imgcls_automl.cli.summary import FEWEST_ROWS, MOST_ROWS, show_result
from imgcls_automl.results.records import read_run
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.verdict import describe_in_short, describe_outcome
from imgcls_automl.run_result import load_result

FOLDER = "experiments/fashion-mnist/runs/cnn_small-fashion-mnist_train-20261121T101112Z"
SIZES = [(80, 24), (40, 24), (20, 10), (120, 40)]
CALIBRATION = {"temperature": 1.37, "fitted": 1.37, "before": 0.31, "after": 0.29}


@pytest.fixture
def long_run(tmp_path: Any, run_folder_kind: Any, digits_test: Any, monkeypatch: Any) -> Any:
    """Fourteen complete trials in a folder of an ordinary length, 77 letters; the baselines are the last."""
    run = run_folder_kind(tmp_path / FOLDER, class_names=tuple("0123456789")).write_run()
    for number in range(14):
        run.write_trial(number, score=0.90 + number / 1000, epochs=1, baseline=number < 2)
    run.write_selection(13, {13: [(0.915, 0.916)], 12: [(0.914, 0.913)]}, epochs=4)
    run.write_run(
        final_model={"members": [], "scores": None, "note": "", "calibration": CALIBRATION}
    )
    run.write_best(digits_test.labels, digits_test.probabilities, digits_test.ids)
    (run.path / "best/model.keras").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return run.path


@pytest.fixture
def show(capsys: Any, monkeypatch: Any) -> Any:
    def show(folder: Any, width: int, height: int) -> list[str]:
        """The lines of a terminal of that size after the result of a run; the prompt follows."""
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("LINES", str(height))
        show_result(load_result(folder))
        told = re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out)
        return [part for line in told.splitlines() for part in _fold(line, width)]

    return show


def _fold(line: str, width: int) -> list[str]:
    return [line[at : at + width] for at in range(0, max(len(line), 1), width)]


def _join(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def count_rows(lines: list[str]) -> int:
    return sum("complete " in line and line.strip()[0].isdigit() for line in lines)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_verdict_is_in_sight_or_said_once_more(
    long_run: Any, show: Any, width: int, height: int
) -> None:
    run, scores = read_run(long_run), read_scores(long_run)
    seen = _join(show(long_run, width, height)[1 - height :])
    first, short = describe_outcome(run, scores)[0], describe_in_short(run, scores)
    assert (first in seen) != seen.endswith(short)


@pytest.mark.parametrize(("height", "rows"), [(24, FEWEST_ROWS), (60, MOST_ROWS)])
def test_the_leaderboard_has_the_room_that_is_left(
    long_run: Any, show: Any, height: int, rows: int
) -> None:
    lines = show(long_run, 80, height)
    assert count_rows(lines) == rows + 2  # and the baselines
    assert f"... and {14 - rows - 2} more" in lines


def test_a_row_less_is_shown_for_each_line_that_a_terminal_lacks(long_run: Any, show: Any) -> None:
    enough = len(show(long_run, 80, 100)) + 1  # with the prompt
    for height in range(enough, enough - 5, -1):
        assert len(show(long_run, 80, height)) == height - 1


def test_a_file_has_as_many_rows_whatever_the_terminal_is(
    long_run: Any, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("LINES", "10")
    show_result(load_result(long_run))
    lines = capsys.readouterr().out.splitlines()
    assert count_rows(lines) == MOST_ROWS + 2
    assert lines[-1].split()[:2] == ["imgcls-automl", "resume"]
