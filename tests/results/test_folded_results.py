"""A run whose trials were scored by folds says so wherever it tells scores."""

from __future__ import annotations

import csv
import re

import pytest

from imgcls_automl.results.curves import draw_curves
from imgcls_automl.results.leaderboard import build_leaderboard, write_leaderboard
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report import write_report
from imgcls_automl.results.verdict import describe_standing


@pytest.fixture
def folded(run_folder):
    """A run of three folds: two trials are complete, one was pruned in its first fold."""
    folder = run_folder.write_run()
    folder.write_run(
        config={"space": "cnn_small", "data": "d", "metric": "accuracy", "folds": 3},
        best_trial=0,
    )
    folder.write_trial(0, score=0.9, fold_scores=(0.88, 0.9, 0.92))
    folder.write_trial(1, score=0.8, fold_scores=(0.7, 0.8, 0.9))
    return folder.write_trial(2, state="pruned", score=0.5, cause="pruned").path


def test_the_verdict_tells_their_number_and_their_range(folded):
    told = describe_standing(read_run(folded))
    assert "90.0% accuracy on average over 3 folds (88.0% to 92.0%)" in told


def test_the_leaderboard_has_their_standard_deviation(folded):
    write_leaderboard(folded)
    with (folded / "leaderboard.csv").open(newline="") as file:
        first, second, pruned = csv.DictReader(file)
    assert float(first["fold_sd"]) == pytest.approx(0.02)
    assert float(second["fold_sd"]) == pytest.approx(0.1)
    assert (first["folds"], pruned["fold_sd"]) == ("3", "")
    assert "fold_sd" in (folded / "leaderboard.md").read_text()


def test_the_report_says_what_the_score_is(folded):
    page = re.sub(r"\s+", " ", write_report(folded).read_text(encoding="utf-8"))
    assert "The score is the mean of 3 folds" in page
    assert "trial 0, on average over 3 folds (88.0% to 92.0%)" in page


def test_scores_by_folds_are_not_ranked_with_others(folded, tmp_path, run_folder):
    other = type(run_folder)(tmp_path / "other").write_run().write_trial(0, score=0.95)
    board = build_leaderboard([read_run(folded), read_run(other.path)])
    assert [row["rank"] for row in board.rows if row["state"] == "complete"] == [1, 2, 1]


def test_a_curve_is_the_mean_of_the_folds(folded):
    path = folded / "trials/0/history.csv"
    names = "epoch,time,seconds,loss,accuracy,val_loss,val_accuracy,val_macro_f1,fold"
    lines = [f"{epoch},t,1,1,1,1,{score},1,{fold}" for epoch, score, fold in (
        (1, 0.2, 1), (2, 0.6, 1), (1, 0.4, 2), (2, 0.8, 2), (1, 0.3, 3),
    )]  # fmt: skip
    path.write_text("\n".join([names, *lines, ""]))
    chart = draw_curves([read_run(folded).trials[0]], "accuracy", 0)
    assert len(chart.curves[0].points.split()) == 2
    low, high = (float(point.split(",")[1]) for point in chart.curves[0].points.split())
    ticks = {tick.label: tick.at for tick in chart.up}
    assert low == pytest.approx(ticks["0.3"], abs=0.1)
    assert high == pytest.approx(ticks["0.7"], abs=0.1)
