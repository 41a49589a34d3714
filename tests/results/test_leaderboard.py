"""A leaderboard ranks only what can be compared, and can be opened anywhere."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from imgcls_automl.results.leaderboard import COLUMNS, build_leaderboard, write_leaderboard
from imgcls_automl.results.leaderboard_formats import (
    format_leaderboard_csv,
    format_leaderboard_json,
    format_leaderboard_markdown,
)
from imgcls_automl.results.leaderboard_page import write_leaderboard_page
from imgcls_automl.results.leaderboard_texts import format_value
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report import write_report


def test_complete_trials_come_first_by_score_and_only_they_have_a_rank(finished_run: Any) -> None:
    board = build_leaderboard([read_run(finished_run.path)])
    assert [(row["rank"], row["trial"], row["state"]) for row in board.rows] == [
        (1, 2, "complete"),
        (2, 1, "complete"),
        (3, 0, "complete"),
        (None, 3, "pruned"),
        (None, 4, "failed"),
        (None, 5, "infeasible"),
    ]


def test_a_lower_log_loss_is_better(tmp_path: Path, run_folder: Any) -> None:
    run = type(run_folder)(tmp_path / "loss", metric="log_loss").write_run()
    run.write_trial(0, score=0.5).write_trial(1, score=0.2).write_trial(2, score=0.3)
    board = build_leaderboard([read_run(run.path)])
    assert [row["trial"] for row in board.rows] == [1, 2, 0]


def test_equal_scores_keep_the_order_of_the_trials(run_folder: Any) -> None:
    run_folder.write_trial(1, score=0.9).write_trial(0, score=0.9)
    board = build_leaderboard([read_run(run_folder.path)])
    assert [row["trial"] for row in board.rows] == [0, 1]


def test_columns_begin_as_promised_and_hold_every_setting(run_folder: Any) -> None:
    run_folder.write_trial(0, model={"dense": 64}).write_trial(1, model={"pool": "max"})
    columns = build_leaderboard([read_run(run_folder.path)]).columns
    assert columns[:10] == COLUMNS
    assert {"model.dense", "model.pool", "training.augmentation.horizontal_flip"} < set(columns)
    assert columns.index("model.pool") < columns.index("training.batch_size")


@pytest.mark.parametrize("other", [{"fingerprint": "sha256:other"}, {"metric": "macro_f1"}])
def test_what_cannot_be_compared_is_not_ranked_together(
    tmp_path: Path, run_folder: Any, other: dict[str, str]
) -> None:
    kind = type(run_folder)
    first = run_folder.write_trial(0, score=0.8)
    second = kind(tmp_path / "b", **other).write_run().write_trial(0, score=0.9)
    third = kind(tmp_path / "c").write_run().write_trial(0, score=0.95)
    board = build_leaderboard([read_run(it.path) for it in (first, second, third)])
    ranked = [(row["rank"], row["run"]) for row in board.rows]
    assert ranked == [(1, "c"), (2, "cnn_small-fashion"), (1, "b")]


def test_a_run_named_twice_counts_once(run_folder: Any) -> None:
    run = read_run(run_folder.write_trial(0).path)
    assert len(build_leaderboard([run, run]).rows) == 1


def test_csv_reads_back_with_exact_numbers_and_runs_no_formula(run_folder: Any) -> None:
    run_folder.write_trial(0, score=0.1 + 0.2, model={"act": "=HYPERLINK(1)", "shift": -1.5})
    text = format_leaderboard_csv(build_leaderboard([read_run(run_folder.path)]))
    [row] = csv.DictReader(io.StringIO(text))
    assert float(row["score"]) == 0.1 + 0.2
    assert row["model.act"] == "'=HYPERLINK(1)"
    assert row["model.shift"] == "-1.5"
    assert row["plugin"] == "imgcls-automl 0.1.0"


def test_the_size_of_the_weights_is_told_in_bytes_and_to_people(run_folder: Any) -> None:
    run_folder.write_trial(1).write_trial(2, state="failed", score=None)
    result = run_folder.path / "trials/2/result.json"
    result.write_text(result.read_text().replace("100002", "null"))  # it was never built
    board = build_leaderboard([read_run(run_folder.path)])
    assert board.columns[-1] == "size_bytes"
    rows = list(csv.DictReader(io.StringIO(format_leaderboard_csv(board))))
    assert [row["size_bytes"] for row in rows] == ["400004", ""]
    values = json.loads(format_leaderboard_json(board))["rows"]
    assert [row["size_bytes"] for row in values] == [400_004, None]
    assert format_value("size_bytes", 400_004) == "400 kB"
    write_leaderboard_page(run_folder.path / "board.html", board)
    for page in (run_folder.path / "board.html", write_report(run_folder.path)):
        assert 'data-key="400004">400 kB</td>' in page.read_text(encoding="utf-8")


def test_json_is_one_object_with_every_column_in_every_row(finished_run: Any) -> None:
    board = build_leaderboard([read_run(finished_run.path)])
    value = json.loads(format_leaderboard_json(board))
    assert value["schema_version"] == 1
    assert all(list(row) == value["columns"] for row in value["rows"])


def test_markdown_keeps_its_table_whatever_a_cell_holds(run_folder: Any) -> None:
    run_folder.write_trial(0, model={"act": "a|b\n\x1b[31m"}).write_trial(1)
    text = format_leaderboard_markdown(build_leaderboard([read_run(run_folder.path)]))
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert "\x1b" not in text


def test_three_files_are_written_also_while_the_search_runs(run_folder: Any) -> None:
    run_folder.write_run(status="running").write_trial(0).write_trial(1, state=None)
    write_leaderboard(run_folder.path)
    text = (run_folder.path / "leaderboard.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["state"] for row in rows] == ["complete", "running"]
    assert {path.name for path in run_folder.path.glob("leaderboard.*")} == {
        "leaderboard.csv",
        "leaderboard.json",
        "leaderboard.md",
    }


def test_a_thousand_trials_take_under_a_second(run_folder: Any) -> None:
    for number in range(1000):
        run_folder.write_trial(number, epochs=1, score=0.5 + number / 4000)
    begun = time.process_time()
    board = write_leaderboard(run_folder.path)
    assert time.process_time() - begun < 1
    assert [row["rank"] for row in board.rows] == list(range(1, 1001))


def test_every_row_holds_the_floor_and_who_won_after_which_retraining(run_folder: Any) -> None:
    run_folder.write_trial(0, score=0.9, baseline=True).write_trial(1, score=0.95)
    run_folder.write_trial(2, score=0.8).write_selection(0, {1: [(0.91, 0.9)], 0: [(0.92, 0.93)]})
    text = format_leaderboard_csv(build_leaderboard([read_run(run_folder.path)]))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3
    assert {row["majority_floor"] for row in rows} == {"0.1"}
    assert [(row["trial"], row["retrained_score"], row["winner"]) for row in rows] == [
        ("1", "0.91", "False"),
        ("0", "0.93", "True"),
        ("2", "", "False"),
    ]


def test_a_trial_that_was_only_asked_for_flips_has_no_retrained_score(run_folder: Any) -> None:
    run_folder.write_trial(0).write_selection(0, {0: [(0.9, 0.8)]}, retrained=False)
    [row] = build_leaderboard([read_run(run_folder.path)]).rows
    assert row["retrained_score"] is None
    assert row["winner"] is True


def test_json_tells_the_floors_of_each_run(tmp_path: Path, run_folder: Any) -> None:
    other = type(run_folder)(tmp_path / "b", metric="log_loss").write_run().write_trial(0)
    runs = [read_run(it.path) for it in (run_folder.write_trial(0), other)]
    floors = json.loads(format_leaderboard_json(build_leaderboard(runs)))["floors"]
    assert [(it["run"], it["metric"]) for it in floors] == [
        ("cnn_small-fashion", "accuracy"),
        ("b", "log_loss"),
    ]
    assert floors[1]["floor"]["log_loss"] == 2.3026


def test_markdown_tells_roles_and_floors(tmp_path: Path, run_folder: Any) -> None:
    run_folder.write_trial(0, baseline=True).write_trial(1).write_run(best_trial=0)
    text = format_leaderboard_markdown(build_leaderboard([read_run(run_folder.path)]))
    assert "| winner, baseline |" in text
    assert "Majority floor: Always naming the most frequent training class gives 10.0%" in text
    other = type(run_folder)(tmp_path / "b", metric="log_loss").write_run().write_trial(0)
    both = build_leaderboard([read_run(run_folder.path), read_run(other.path)])
    text = format_leaderboard_markdown(both)
    assert "Majority floor: Always giving the training classes' shares gives 2.3026" in text
