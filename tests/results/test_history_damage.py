"""A history.csv that was cut or overwritten is named in the report, which draws what can be read."""

from __future__ import annotations

from typing import Any

import pytest

from imgcls_automl.results.history_damage import describe_history_damage
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report import write_report


def describe(run: Any) -> str:
    return describe_history_damage(read_run(run.path).trials)


def test_whole_histories_are_not_spoken_of(finished_run: Any) -> None:
    assert describe(finished_run) == ""
    (finished_run.path / "trials/1/history.csv").unlink()  # never written by a carried over trial
    assert describe(finished_run) == ""


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        (lambda text: text[:-40], "line 10 is cut off or no epoch"),
        (lambda text: text[:-9], "its last line is cut off"),
        (lambda text: "".join(text.splitlines(keepends=True)[:4]), "3 epochs, but 9 were trained"),
        (lambda text: text.replace("0.", "zero", 1), "line 2 is cut off or no epoch"),
        (lambda text: "", "it has no columns of ours"),
        (lambda text: '"' + "x" * 200_000, "it has no columns of ours"),
        (lambda text: "\x00\x01junk\n" * 5, "it has no columns of ours"),
    ],
)
def test_damage_is_named_and_the_rest_is_reported(finished_run: Any, keep: Any, words: str) -> None:
    path = finished_run.path / "trials/2/history.csv"
    path.write_text(keep(path.read_text()))
    told = describe(finished_run)
    assert "trials/2/history.csv" in told
    assert words in told
    assert told in write_report(finished_run.path).read_text()


def test_a_line_that_is_being_written_is_no_damage(run_folder: Any) -> None:
    run_folder.write_run(status="running").write_trial(0, state=None, epochs=3)
    with (run_folder.path / "trials/0/history.csv").open("a") as file:
        file.write("4,2026-11-")
    assert describe(run_folder) == ""
