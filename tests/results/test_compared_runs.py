"""Leaderboards of several runs: only what can be compared is ranked together, and ties are not called better."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hostile_names import HARMLESS_NAMES, HOSTILE_NAMES, Markup, find_formulas, find_obeyed

from imgcls_automl.cli.main import run_command
from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.choice import find_leader
from imgcls_automl.results.leaderboard import build_leaderboard
from imgcls_automl.results.leaderboard_formats import (
    format_leaderboard_csv,
    format_leaderboard_json,
    format_leaderboard_markdown,
)
from imgcls_automl.results.leaderboard_page import write_leaderboard_page
from imgcls_automl.results.leaderboard_texts import (
    describe_section,
    describe_shared,
    explain_sections,
    list_remarks,
)
from imgcls_automl.results.records import read_run
from imgcls_automl.results.shortlist import keep_best
from imgcls_automl.results.ties import list_ties


@pytest.fixture
def make_run(tmp_path, run_folder):
    def make(name, *scores, **settings):
        run = type(run_folder)(tmp_path / name, **settings).write_run()
        for number, score in enumerate(scores):
            run.write_trial(number, score=score, baseline=number == 0)
        return run

    return make


def build(*runs: Any) -> Any:
    return build_leaderboard([read_run(run.path) for run in runs])


def test_each_row_names_its_run_space_plugin_and_data(make_run):
    board = build(make_run("a", 0.9), make_run("b", 0.91, space="resnet_small"))
    told = [(row["run"], row["space"], row["plugin"], row["data"]) for row in board.rows]
    assert told == [
        ("b", "resnet_small", "imgcls-automl 0.1.0", "fashion.csv"),
        ("a", "cnn_small", "imgcls-automl 0.1.0", "fashion.csv"),
    ]


def test_other_data_and_other_metrics_are_tables_of_their_own_and_it_is_said_why(make_run):
    runs = make_run("a", 0.9), make_run("b", 0.8, fingerprint="sha256:77"), make_run("c", 0.95)
    board = build(*runs, make_run("d", 0.3, metric="log_loss"))
    assert [it.runs for it in board.sections] == [("a", "c"), ("b",), ("d",)]
    assert [(row["section"], row["rank"]) for row in board.rows] == [(1, 1), (1, 2), (2, 1), (3, 1)]
    assert "3 tables" in explain_sections(board)[0]
    titles = [describe_section(it) for it in board.sections]
    assert titles == [
        "accuracy on fashion.csv (4f2a9c), 2 runs",
        "accuracy on fashion.csv (77)",
        "log loss on fashion.csv (4f2a9c)",
    ]


class TestTies:
    def test_what_chance_may_have_made_is_tied_with_the_leader_of_any_run(self, make_run):
        board = build(make_run("a", 0.93, 0.90), make_run("b", 0.928))  # 12,000 pictures
        assert [(row["run"], row["tied"]) for row in board.rows] == [
            ("a", False),
            ("b", True),
            ("a", False),
        ]
        assert board.sections[0].leader == ("a", 0)
        assert "as accurate as trial 0 of a" in list_remarks(board)[0]

    def test_they_are_judged_against_what_was_chosen_not_what_scored_highest(self, make_run):
        run = make_run("a", 0.93, 0.932)
        run.write_selection(0, {0: [(0.93, 0.93)], 1: [(0.929, 0.929)]})
        assert [(row["trial"], row["tied"]) for row in build(run).rows] == [(1, True), (0, False)]

    def test_what_retraining_found_counts_more_than_the_search(self, make_run):
        run = make_run("a", 0.93, 0.932)
        run.write_selection(0, {0: [(0.93, 0.93)], 1: [(0.92, 0.92)]})
        assert not any(row["tied"] for row in build(run).rows)

    def test_no_tie_is_made_up_for_a_metric_whose_spread_nothing_tells(self, make_run):
        board = build(make_run("a", 0.3, 0.3, metric="log_loss"))
        assert not any(row["tied"] for row in board.rows)
        assert list_remarks(board) == [
            "No ties are told: only answers of retrained trials say how far log loss varies, and trial 0 has none."
        ]


class TestTiesOfOtherMetrics:
    """Retrained trials are compared by what they answered to the same validation pictures."""

    @pytest.fixture
    def make_answered(self, make_run):
        def make(name, *tempers, metric, seed=0):
            """A run whose retrained trials are so sure of 600 pictures' classes; one more was not retrained."""
            run = make_run(name, *(0.5 for _ in tempers), 0.5, metric=metric)
            run.write_selection(0, {trial: [(0.5, 0.4)] for trial in range(len(tempers))})
            random = np.random.default_rng(seed)
            labels = np.arange(600) % 3
            noise = random.normal(size=(600, 3))
            for trial, temper in enumerate(tempers):
                own = temper * np.eye(3)[labels] + noise + 0.1 * random.normal(size=(600, 3))
                file = run.path / "trials" / str(trial) / "validation-0.npz"
                np.savez(file, labels=labels, plain=own, flipped=own)
            return run

        return make

    @pytest.mark.parametrize("metric", ["log_loss", "macro_f1"])
    def test_what_answers_alike_is_tied_and_what_answers_worse_is_not(self, make_answered, metric):
        board = build(make_answered("a", 2.0, 2.0, 1.6, metric=metric))
        tied = {row["trial"]: row["tied"] for row in board.rows}
        assert tied == {0: False, 1: True, 2: False, 3: False}
        (told,) = list_remarks(board)
        assert told.startswith("tied (1): retrained, as good as trial 0")
        assert "not retrained are not judged" in told

    def test_runs_may_have_drawn_other_validation_pictures(self, make_answered):
        # By 600 pictures each, unpaired, a difference is not clear that is clear on the same pictures.
        runs = [
            make_answered(name, 2.0, temper, metric="log_loss", seed=seed)
            for name, temper, seed in (("a", 1.9, 0), ("b", 1.9, 1))
        ]
        tied = {(row["run"], row["trial"]): row["tied"] for row in build(*runs).rows}
        assert not tied["a", 1]
        assert tied["b", 0]
        assert tied["b", 1]

    @pytest.mark.parametrize("left", [b"PK torn", b""])
    def test_damaged_answers_are_named(self, make_answered, left):
        run = make_answered("a", 2.0, 2.0, metric="log_loss")
        (run.path / "trials/1/validation-0.npz").write_bytes(left)
        with pytest.raises(RunFolderError, match=r"trials/1 is damaged: its validation answers"):
            build(run)

    def test_the_report_and_its_advice_know_them(self, make_answered):
        run = read_run(make_answered("a", 2.0, 2.0, metric="macro_f1").path)
        assert [trial.number for trial in list_ties(run, find_leader(run))] == [1]


def test_what_one_trial_alone_has_is_not_called_the_same_in_every_trial(make_run):
    run = make_run("a", 0.9)
    run.write_trial(1, score=0.8, model={"dense": 64})
    run.write_trial(2, state=None)
    shared = dict(describe_shared(build(run)))
    assert shared["model.blocks"] == "3"
    assert "model.dense" not in shared
    assert "model.filters" not in shared


def test_a_winner_s_row_has_what_it_reached_on_test(finished_run):
    rows = build(finished_run).rows
    assert [row["trial"] for row in rows if "test_score" in row] == [2]
    assert rows[0]["test_low"] < rows[0]["test_score"] < rows[0]["test_high"]


def test_the_best_of_each_run_are_kept_with_their_ranks(make_run):
    scores = [0.80, 0.86, 0.87, 0.88, 0.89]
    board = keep_best(build(make_run("a", *scores), make_run("b", 0.5)), most=2)
    kept = [(row["rank"], row["run"], row["trial"]) for row in board.rows]
    assert kept == [(1, "a", 4), (2, "a", 3), (5, "a", 0), (6, "b", 0)]
    assert "2 more trials are left out" in " ".join(list_remarks(board))


@pytest.mark.parametrize("state", ["pruned", "failed", None])
def test_a_baseline_that_did_not_finish_is_kept_as_well(make_run, state):
    run = make_run("a").write_trial(0, state=state, score=None, baseline=True)
    for number in range(1, 6):
        run.write_trial(number)
    run.write_trial(6, state=state, score=None, baseline=True)
    assert [row["trial"] for row in keep_best(build(run)).rows] == [1, 2, 3, 0]


def test_programs_get_every_trial_of_several_runs_and_people_the_best(make_run, capsys, tmp_path):
    runs = [str(make_run(name, *[0.9] * 10).path) for name in ("a", "b")]

    def show(*options):
        assert run_command(["leaderboard", *runs, *options]) == 0
        return capsys.readouterr().out

    page = tmp_path / "board.html"
    assert len(show("--format", "csv", "--html", str(page)).splitlines()) == 21
    assert page.read_text(encoding="utf-8").count('<tr class="all">') == 6
    shown = json.loads(show("--format", "json"))
    assert (len(shown["rows"]), shown["sections"][0]["left_out"]) == (20, 0)
    assert show("--format", "md").count("cnn_small") == 6
    assert "14 more trials are left out; --all shows every one." in show()
    assert show("--format", "md", "--all").count("cnn_small") == 20


def test_ties_are_counted_among_all_trials_not_those_that_are_kept(make_run, tmp_path):
    board = build(make_run("a", *[0.9] * 10), make_run("b", *[0.9] * 10))
    kept = keep_best(board)
    assert len(kept.rows) == 6
    assert kept.sections[0].tied == board.sections[0].tied == 19
    for one in (board, kept):
        write_leaderboard_page(tmp_path / "board.html", one)
        text = (tmp_path / "board.html").read_text(encoding="utf-8")
        assert "; 19 others are statistically tied with it." in text
        assert list_remarks(one)[0].startswith("tied (19): as accurate as trial 0 of a")


def test_runs_of_one_name_are_told_apart_by_their_paths(make_run):
    rows = build(make_run("x/run", 0.9), make_run("y/run", 0.8)).rows
    assert [row["run"][-5:] for row in rows] == ["x/run", "y/run"]


def test_a_run_without_a_finished_trial_is_shown_with_what_to_do(make_run):
    run = make_run("young").write_run(status="running", dataset=None).write_trial(0, state=None)
    board = build(run, make_run("old", 0.9))
    assert [(row["run"], row["state"]) for row in keep_best(board).rows] == [
        ("young", "running"),
        ("old", "complete"),
    ]
    [remark] = list_remarks(board.of_section(board.sections[0]))
    assert "No trial of young is complete yet" in remark
    assert "imgcls-automl resume" in remark


@pytest.fixture(scope="module")
def boards(tmp_path_factory, run_folder_kind):
    """The same leaderboard of 500 runs with hostile names and with harmless ones."""
    return [
        build_named(run_folder_kind, tmp_path_factory.mktemp("runs"), names)
        for names in (HOSTILE_NAMES, HARMLESS_NAMES)
    ]


class TestHostileNames:
    """Each run is of a space, a plugin, data, a setting and a folder of one name."""

    def test_no_spreadsheet_runs_them(self, boards):
        text = format_leaderboard_csv(boards[0])
        assert not find_formulas(text)
        assert not find_obeyed(text)

    def test_json_keeps_them_exactly(self, boards):
        text = format_leaderboard_json(boards[0])
        assert {row["space"] for row in json.loads(text)["rows"]} == set(HOSTILE_NAMES)
        assert not find_obeyed(text)

    def test_markdown_keeps_its_table(self, boards):
        text = format_leaderboard_markdown(boards[0])
        table = [line.replace("\\|", "") for line in text.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in table}) == 1
        assert len(table) > len(HOSTILE_NAMES)
        assert "<script>" not in text.replace("\\<", "")
        assert not find_obeyed(text)

    def test_the_page_has_no_element_of_theirs(self, boards, tmp_path):
        pages = []
        for board in boards:
            write_leaderboard_page(tmp_path / "board.html", board)
            pages.append((tmp_path / "board.html").read_text(encoding="utf-8"))
        page, usual = map(Markup, pages)
        assert page.shape == usual.shape
        assert not find_obeyed(pages[0])
        assert not {"link", "img", "iframe", "form", "object", "a"} & set(page.tags)
        assert any("{{7*7}}" in text for text in page.texts)

    def test_a_terminal_shows_them_harmless_and_no_wider_than_it_is(
        self, boards, capsys, monkeypatch
    ):
        from imgcls_automl.cli.leaderboard_tables import show_board

        monkeypatch.setenv("COLUMNS", "80")
        show_board(boards[0])
        shown = capsys.readouterr().out
        assert not find_obeyed(shown)
        assert max(map(len, shown.splitlines())) <= 80


def build_named(kind, folder, names):
    """A leaderboard of a run a name; folders have as much of it as a file system takes."""
    runs = []
    for number, name in enumerate(names):
        part = name.replace("/", "_").replace("\x00", "0")[:200]
        run = kind(folder / f"{number}{part}", data=name, space=name)
        plugin = {"name": name, "origin": name, "value": name}
        run.write_run(plugins={"space": plugin, "adapter": plugin})
        run.write_trial(0, score=0.9 - number / 1e4, epochs=1, model={"act": name})
        run.write_trial(7, state="failed", score=None, epochs=0, cause=name, model={"act": name})
        runs.append(run)
    return build(*runs)
