"""The replay of pruners: on learning curves whose fate is plain, it says what everyone can see."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "pruning.py"
EPOCHS = 12


def rise(final, *, slow=False):
    """A learning curve of 12 epochs; a slow one is behind all others until its last three."""
    shares = [0.1] * 9 + [0.4, 0.7, 1.0] if slow else [epoch / EPOCHS for epoch in range(1, 13)]
    return [final * share for share in shares]


@pytest.fixture
def write_run(tmp_path):
    """Write a run folder of complete trials with these validation accuracies."""

    def write(curves, **changes):
        for number, scores in enumerate(curves):
            folder = tmp_path / "run" / "trials" / str(number)
            folder.mkdir(parents=True)
            result = {"state": "complete", "epochs": len(scores), "planned_epochs": EPOCHS}
            (folder / "result.json").write_text(json.dumps(result | changes), encoding="utf-8")
            with (folder / "history.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([("epoch", "val_accuracy"), *enumerate(scores, start=1)])
        return tmp_path / "run"

    return write


@pytest.fixture
def replay(tmp_path):
    def replay(*arguments):
        return subprocess.run(
            [sys.executable, SCRIPT, *map(str, arguments), "--orders", "5", "--out", tmp_path],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return replay


@pytest.fixture
def summarise(replay, tmp_path):
    """Replay a run, and return what was said of it: foresight by epochs, and rules."""

    def summarise(run):
        done = replay(run)
        assert done.returncode == 0, done.stderr
        summary = json.loads((tmp_path / "pruning.json").read_text(encoding="utf-8"))["summary"]
        found = summary[run.name]
        return {one["epochs"]: one for one in found["foresight"]}, found["rules"]

    return summarise


def test_trials_that_never_cross_are_pruned_at_no_cost(write_run, summarise):
    run = write_run([rise(0.5 + 0.05 * number) for number in range(9)])
    foresight, rules = summarise(run)
    assert all(one["correlation"] == pytest.approx(1) for one in foresight.values())
    assert all((rule["kept_best"], rule["worst_lost"]) == (1, 0) for rule in rules)
    assert all(0 < rule["saved"] < 1 for rule in rules if rule["rule"] == "median")


def test_a_late_bloomer_is_lost_to_whoever_looks_early(write_run, summarise):
    run = write_run([*(rise(0.7 + 0.01 * number) for number in range(8)), rise(0.9, slow=True)])
    foresight, rules = summarise(run)
    assert (foresight[4]["place_of_best"], foresight[10]["place_of_best"]) == (9, 9)
    medians = [rule for rule in rules if rule["rule"] == "median" and rule["startup"] == 4]
    assert {rule["first_look"] for rule in medians} == {2, 3, 4, 6}
    # It is spared only where it is among the first, while the rule has seen too little.
    assert all(rule["kept_best"] < 1 for rule in medians)
    assert all(rule["worst_lost"] == pytest.approx(0.9 - 0.77) for rule in medians)


def test_a_trial_that_was_cut_short_tells_nothing(write_run, replay):
    run = write_run([rise(0.9)[:4]] * 3, state="pruned", cause="pruned")
    done = replay(run)
    assert done.returncode != 0
    assert "trial 0 is pruned after 4 epochs" in done.stderr
    assert "--keep" in done.stderr


def test_trials_of_other_planned_epochs_are_not_compared(write_run, replay):
    run = write_run([rise(0.9), rise(0.8), rise(0.7)])
    result = run / "trials" / "2" / "result.json"
    values = json.loads(result.read_text(encoding="utf-8"))
    result.write_text(json.dumps(values | {"planned_epochs": 24}), encoding="utf-8")
    done = replay(run)
    assert "all of the same planned epochs" in done.stderr
    assert "[12, 12, 24]" in done.stderr
