"""Searches that are killed or interrupted in the middle of a trial, and resumed."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import psutil
import pytest

SEARCH = ("search", "--data", "digits", "--out", "run", "--trials", "4", "--epochs", "60")


def numbers(folder):
    with (folder / "leaderboard.csv").open(newline="") as file:
        return sorted(int(row["trial"]) for row in csv.DictReader(file))


def status(folder):
    return json.loads((folder / "run.json").read_text())["status"]


def maps(process):
    """The libraries a process has loaded."""
    return Path(f"/proc/{process.pid}/maps").read_text()


@pytest.fixture(scope="module")
def uninterrupted(imgcls, tiny_space, tmp_path_factory):
    """The search that the others would have been."""
    folder = tmp_path_factory.mktemp("whole")
    done = imgcls(*SEARCH, "--space", tiny_space, "--preset", "fast", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run"


def check_same(folder, other):
    """Both searches made the same trials, and each of them once."""
    assert numbers(folder) == numbers(other) == [0, 1, 2, 3]
    for number in range(4):
        name = f"trials/{number}/candidate.json"
        assert json.loads((folder / name).read_text()) == json.loads((other / name).read_text())
        results = [
            json.loads((run / f"trials/{number}/result.json").read_text())
            for run in (folder, other)
        ]
        for result in results:
            del result["seconds"], result["latency_ms"]
        assert results[0] == results[1]


def test_killed_and_resumed_it_makes_the_very_trials_it_would_have_made(
    begin, imgcls, tiny_space, uninterrupted, tmp_path
):
    running = begin(*SEARCH, "--space", tiny_space, "--preset", "fast", cwd=tmp_path)
    running.wait_for("trial 1 begins")
    own, [worker] = maps(running.process), running.children()
    for framework in ("tensorflow", "jaxlib", "libtorch"):
        assert framework not in own
    assert "tensorflow" in maps(worker)
    orphans = running.kill()
    assert psutil.wait_procs(orphans, timeout=20)[1] == []

    folder = tmp_path / "run"
    shown = imgcls("leaderboard", "run", cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    done = imgcls("resume", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert status(folder) == "complete"
    check_same(folder, uninterrupted)


def test_interrupted_it_leaves_a_readable_folder_and_goes_on_from_there(
    begin, imgcls, tiny_space, uninterrupted, tmp_path
):
    running = begin(*SEARCH, "--space", tiny_space, "--preset", "fast", cwd=tmp_path)
    running.wait_for("trial 1 begins")
    busy = imgcls("resume", "run", cwd=tmp_path)
    assert (busy.returncode, "is in use" in busy.stderr) == (2, True)
    orphans = running.children()
    assert running.interrupt() == 130
    assert psutil.wait_procs(orphans, timeout=20)[1] == []
    last = "".join(running.lines[-3:])
    assert "Interrupted. All finished trials are saved." in last
    assert "imgcls-automl resume run" in last
    assert "Traceback" not in "".join(running.lines)

    folder = tmp_path / "run"
    assert status(folder) == "interrupted"
    assert 0 in numbers(folder)
    for name in ("report.html", "leaderboard.md", "study.db"):
        assert (folder / name).is_file()
    done = imgcls("resume", "run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "complete"
    check_same(folder, uninterrupted)


def test_a_trial_that_was_killed_goes_on_after_its_last_epochs(begin, imgcls, tiny_space, tmp_path):
    search = ("search", "--data", "digits", "--out", "run", "--trials", "1", "--epochs", "150")
    running = begin(*search, "--space", tiny_space, "--preset", "fast", cwd=tmp_path)
    trial = tmp_path / "run" / "trials" / "0"
    while not (trial / "checkpoint.npz").is_file():
        assert running.process.poll() is None, running.lines
        time.sleep(0.02)
    assert psutil.wait_procs(running.kill(), timeout=20)[1] == []

    done = imgcls("resume", "run", cwd=tmp_path, timeout=200)
    assert done.returncode == 0, done.stderr
    [told] = [line for line in done.stderr.splitlines() if "trial 0 goes on after" in line]
    before = int(told.partition("goes on after ")[2].partition(" epoch")[0])
    with (trial / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, len(rows) + 1))
    assert before < len(rows)
    assert json.loads((trial / "result.json").read_text())["epochs"] == len(rows)
    assert not list((tmp_path / "run").rglob("checkpoint*.npz"))


def test_interrupted_before_the_first_trial_it_leaves_nothing(begin, tiny_space, tmp_path):
    running = begin(*SEARCH, "--space", tiny_space, cwd=tmp_path)
    running.wait_for("Run folder")
    assert running.interrupt() == 130
    assert list(tmp_path.iterdir()) == []
    assert "nothing was kept" in running.lines[-1]
