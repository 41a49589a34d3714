"""Every benchmark runs through: it prints a table and writes all it measured. Its figures are not looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(path.stem for path in BENCHMARKS.glob("*.py"))
# Beside numpy, keras and optuna.
NEEDED_BY_THE_PACKAGE = (
    *("tensorflow", "PIL", "sklearn", "typer", "filelock", "platformdirs", "jinja2"),
    *("pandas", "pyarrow", "plotly", "matplotlib"),
)


def run_script(name, *arguments, **environment):
    return subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", *map(str, arguments)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def run_quick(tmp_path):
    """Run a script's smoke run and return its record and what it printed."""

    def run(name, *arguments, **environment):
        done = run_script(name, "--quick", "--out", tmp_path, *arguments, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")), done.stdout

    return run


def draw_photos(folder, **classes):
    """A folder of class folders: grey pictures of 16x16 pixels, so many of each class."""
    for level, (name, count) in enumerate(classes.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            grey = 60 + 120 * level + number
            Image.new("L", (16, 16), grey).save(folder / name / f"{number}.png")


def systems_of(record):
    return {measurement["system"] for measurement in record["measurements"]}


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_tells_what_is_measured(name):
    done = run_script(name, "--help")
    assert done.returncode == 0, done.stderr
    first = (BENCHMARKS / f"{name}.py").read_text(encoding="utf-8").splitlines()[0].strip('"')
    assert first in done.stdout
    assert "--quick" in done.stdout


def test_the_readme_tells_of_every_script():
    text = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert [name for name in SCRIPTS if f"`{name}.py`" not in text] == []


@pytest.mark.slow
def test_a_long_trial_is_compared_with_a_bare_fit_loop(run_quick):
    record, printed = run_quick("trial_overhead")
    assert systems_of(record) == {"ours", "bare Keras"}
    assert all(record["summary"][trial]["ratio"] > 0 for trial in ("first", "second"))
    assert {"machine", "versions", "arguments"} <= set(record)
    assert "ratio" in printed


@pytest.mark.slow
def test_short_trials_are_compared_among_all_systems(run_quick):
    record, printed = run_quick("trial_cost")
    assert systems_of(record) == {"ours", "bare Keras", "Optuna + Keras", "KerasTuner"}
    for measurement in record["measurements"]:
        assert [trial["candidate"] for trial in measurement["trials"]] == [0, 1]
        assert measurement["peak_bytes"] > 50 * 2**20  # nothing loads a framework in less
    assert record["summary"]["bare Keras"]["ratio"] == 1.0
    assert "KerasTuner" in printed


@pytest.mark.slow
def test_memory_is_measured_after_each_trial(run_quick):
    record, printed = run_quick("memory")
    assert [measurement["trial"] for measurement in record["measurements"]] == [1, 2, 3, 4]
    assert all(measurement["processes"] >= 2 for measurement in record["measurements"])
    assert "2 -> 4" in printed


@pytest.mark.slow
def test_hypermodels_are_replayed_by_kerastuner_itself(run_quick):
    record, printed = run_quick("hypermodels")
    (one,) = record["measurements"]
    assert one["trials"] == one["complete"] == one["equal_networks"] == 2
    assert one["equal_values"] == one["values"] > 0
    assert "conditional" in printed


@pytest.mark.slow
def test_startup_is_measured_with_a_cold_and_a_warm_cache(run_quick):
    record, printed = run_quick("startup")
    summary = record["summary"]
    assert 0 < summary["data, cold cache"] < summary["first step, cold cache"]
    assert "first step, warm cache" in printed


@pytest.mark.slow
def test_ingest_is_compared_with_a_loop_that_gives_the_same_pixels(run_quick):
    record, printed = run_quick("ingest")
    summary = record["summary"]
    assert summary["same pixels"] is True
    assert all(ratio > 0 for ratio in (*summary["ratio"].values(), summary["ceiling"]))
    assert summary["peak"]["index"] > 0
    assert 0 < summary["files"]["indexed"] <= summary["files"]["decoded"]
    assert {one["cached"] for one in record["measurements"] if one["measure"] == "cached"} == {True}
    assert "Peak memory" in printed


@pytest.mark.slow
def test_what_a_search_survives_is_counted(run_quick):
    record, printed = run_quick("chaos")
    assert record["summary"]["missed"] == []
    assert [one["scenario"] for one in record["measurements"]] == ["lock-seconds"]
    assert "left_running" in printed


@pytest.mark.slow
def test_use_of_the_device_is_measured(run_quick):
    record, printed = run_quick("gpu", KERAS_BACKEND="tensorflow")
    check_use_of_the_device(record, "tensorflow")
    assert "pictures a second" in printed


@pytest.mark.slow
def test_use_of_the_device_is_measured_without_what_only_the_package_needs(run_quick, tmp_path):
    pytest.importorskip("jax")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        f"import sys\nsys.modules.update(dict.fromkeys({NEEDED_BY_THE_PACKAGE!r}))\n"
    )
    record, _ = run_quick("gpu", KERAS_BACKEND="jax", PYTHONPATH=str(tmp_path / "site"))
    check_use_of_the_device(record, "jax")


def check_use_of_the_device(record, backend):
    assert record["summary"]["device"]["backend"] == backend
    for system in ("ours", "bare Keras"):
        assert 0 < record["summary"][system]["share_of_peak"] < 1


@pytest.mark.slow
def test_time_to_accuracy_is_measured_in_two_tables(run_quick, tmp_path):
    record, printed = run_quick("time_to_accuracy", "--systems", "ours,optuna,kerastuner")
    box, same = record["summary"]["out of the box"], record["summary"]["same recipe and space"]
    assert set(box) == set(same) == {"ours, quick", "Optuna + Keras", "KerasTuner Hyperband"}
    assert all(0 < one["test_accuracy"] <= 1 for one in record["measurements"])
    assert (tmp_path / "time_to_accuracy.png").exists() == (find_spec("matplotlib") is not None)
    assert "same recipe and space" in printed.lower()


@pytest.mark.slow
def test_spaces_are_timed_to_an_accuracy(run_quick):
    record, printed = run_quick("space_speed", "--targets", "0.01,1.01")
    reached = record["summary"]["fast --epochs 1"]
    assert reached["0.01"] > 0
    assert reached["1.01"] is None
    assert "median seconds to" in printed


@pytest.mark.slow
def test_few_photos_are_searched_with_one_seed_after_the_other(run_quick, tmp_path):
    draw_photos(tmp_path / "photos", dark=30, light=20)
    record, printed = run_quick("small_photos", "--data", tmp_path / "photos")
    assert [one["seed"] for one in record["measurements"]] == [0, 1]
    for one in record["measurements"]:
        assert 0 <= one["low"] <= one["accuracy"] <= one["high"] <= 1
        assert (one["pictures"], one["floor"]) == (8, 0.625)  # 15% of each class: 5 and 3
        assert one["above"] == (one["low"] > one["floor"])
    assert record["summary"]["seeds"] == 2
    assert "above?" in printed


@pytest.mark.slow
def test_ensembles_are_compared_with_the_winner_alone(run_quick):
    record, printed = run_quick("ensemble")
    (one,) = record["measurements"]
    assert one["with"].keys() == one["alone"].keys()
    assert one["members"] > 1 or one["with"] == one["alone"]
    gain = one["with"]["log_loss"] - one["alone"]["log_loss"]
    assert record["summary"]["log_loss"]["difference"] == pytest.approx(gain)
    assert "Means over seeds" in printed


@pytest.mark.slow
def test_a_search_that_fails_ends_the_benchmark_with_its_words(tmp_path):
    draw_photos(tmp_path / "photos", dark=30, light=0)
    done = run_script("small_photos", "--quick", "--out", tmp_path, "--data", tmp_path / "photos")
    assert done.returncode != 0
    assert "ended with code 3" in done.stderr
    assert not (tmp_path / "small_photos.json").exists()


@pytest.mark.slow
def test_autokeras_is_measured_or_said_to_be_missing(run_quick):
    record, printed = run_quick("time_to_accuracy", "--systems", "autokeras")
    if find_spec("autokeras") is None:
        assert record["summary"]["out of the box"]["AutoKeras"] == "not installed"
        assert "not installed" in printed
    else:
        assert [one["error"] for one in record["measurements"]] == [None]


def test_coverage_of_intervals_is_told_by_metric(run_quick):
    record, printed = run_quick("coverage")
    assert {"accuracy", "macro F1", "log loss", "ROC AUC"} <= set(record["summary"])
    assert all(0 < found["mean"] <= 1 for found in record["summary"].values())
    assert "holds the truth" in printed


def test_reports_and_leaderboards_are_timed_on_copies(run_quick):
    record, printed = run_quick("report_speed")
    assert [one["measure"].split()[0] for one in record["measurements"]] == [
        "report",
        *["leaderboard"] * 3,
    ]
    assert all(one["processor_seconds"] > 0 for one in record["measurements"])
    assert record["summary"]["report"]["megabytes"] > 0
    assert "leaderboards of 50 trials" in printed


def test_without_a_run_there_is_no_report_to_time(tmp_path):
    done = run_script("report_speed", "--out", tmp_path)
    assert done.returncode == 2
    assert "name a finished run folder, or give --quick" in done.stderr


@pytest.mark.slow
def test_predicting_files_is_compared_with_its_two_halves(run_quick):
    record, printed = run_quick("predict")
    assert set(record["summary"]["speed"]) == {"decoding", "model", "ours"}
    assert {one["pictures"] for one in record["measurements"]} == {200, 50}
    assert record["summary"]["of the slower half"] > 0
    assert 0 < record["summary"]["ceiling of that"] <= 1
    assert record["summary"]["processor ms a picture"].keys() == record["summary"]["speed"].keys()
    assert "Peak memory" in printed
