"""A search over folds, and one with balanced sampling, as a user runs them."""

from __future__ import annotations

import csv
import json

import pytest


def read(path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def folded(imgcls, tiny_space, tmp_path_factory):
    """Two trials of one epoch over three folds; the run folder and the completed process."""
    folder = tmp_path_factory.mktemp("folded")
    done = imgcls(
        *("search", "--space", tiny_space, "--data", "digits", "--out", "run", "--folds", "3"),
        *("--trials", "2", "--epochs", "1", "--preset", "fast", "--sampling", "balanced"),
        cwd=folder,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return folder / "run", done


def test_trials_are_means_and_one_model_comes_of_them(folded):
    run, done = folded
    record = read(run / "run.json")
    assert (record["config"]["folds"], record["dataset"]["split_sizes"]) == (3, [1528, 0, 269])
    for number in range(2):
        result = read(run / f"trials/{number}/result.json")
        assert result["score"] == pytest.approx(sum(result["fold_scores"]) / 3)
    assert record["selection"]["winner"] == record["best_trial"] == record["refit"]["trial"]
    assert record["refit"]["epochs"] == 1
    assert (run / "best/model.keras").is_file()
    assert "1,528 in 3 folds" in done.stderr
    assert "on average over 3 folds" in " ".join(done.stdout.split())
    assert "in 3 folds, 269 in test" in (run / "best/model_card.md").read_text()


def test_it_is_resumed_with_its_folds(folded, imgcls):
    run, _ = folded
    done = imgcls("resume", run, "--trials", "3", "--json", timeout=240)
    assert done.returncode == 0, done.stderr
    assert len(read(run / "trials/2/result.json")["fold_scores"]) == 3


def test_resumed_too_its_data_files_name_the_labels_that_look_wrong_once(folded):
    run, _ = folded
    with (run / "best/suspicious_labels.csv").open(newline="") as file:
        suspects = [row["id"] for row in csv.DictReader(file)]
    with (run / "data/issues.csv").open(newline="") as file:
        issues = [row for row in csv.DictReader(file) if row["problem"] == "suspicious_label"]
    assert suspects
    assert [row["id"] for row in issues] == suspects
    checks = read(run / "data/summary.json")["checks"]
    assert checks["issues"]["suspicious_label"] == len(suspects)


def test_a_dry_run_tells_of_folds(imgcls, tiny_space, tmp_path):
    search = ("search", "--space", tiny_space, "--data", "digits", "--folds", "5", "--dry-run")
    done = imgcls(*search, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["folds"] == 5


def test_more_folds_than_pictures_of_a_class_is_a_mistake_in_the_data(imgcls, tiny_space, tmp_path):
    search = ("search", "--space", tiny_space, "--data", "digits", "--folds", "500")
    done = imgcls(*search, "--quiet", cwd=tmp_path)
    assert done.returncode == 3
    assert "--folds 500 is too many" in done.stderr
    assert list(tmp_path.iterdir()) == []
