"""Searches killed, starved of disk and fought over, as `benchmarks/chaos.py` does it, a few times each.

What is killed, starved or fought over trains with Keras; elsewhere workers train in NumPy, and everything else, the
study, the run folder, the data and the command line, is real.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from disasters import contention, damage, kills
from disasters.goals import find_missed
from disasters.scene import Scene, read_standing

TIMES = 5  # of each harm that is done to trainings with Keras
SLOW_MACHINE = 5  # times what is promised, for tests that share their cores


@pytest.fixture
def scene(tmp_path):
    made = Scene(folder=tmp_path, epoch_seconds=0.05)
    yield made
    made.close()


@pytest.fixture
def real_scene(tmp_path):
    made = Scene(folder=tmp_path, real=True, epoch_seconds=0.05)
    yield made
    made.close()


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run that was killed in its fourth trial, not to be changed, and the scene it lies in."""
    made = Scene(folder=tmp_path_factory.mktemp("killed"), epoch_seconds=0.05)
    yield damage.make_killed_run(made), made
    made.close()


@pytest.fixture
def copy(killed):
    """A copy of the killed run in the same scene: (its folder, the scene)."""
    whole, made = killed
    folder = made.run_folder("copy")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    return folder, made


def resume(made, *options):
    command = made.resume("copy", *options)
    return command.wait(), command.read()


@pytest.fixture(scope="module")
def harm(tmp_path_factory):
    """What came of killing one search again and again, and beside it another's workers: (search, workers)."""
    folders = (tmp_path_factory.mktemp("searches"), tmp_path_factory.mktemp("workers"))
    one, other = (Scene(folder=folder, real=True, epoch_seconds=0.1) for folder in folders)
    with closing(one), closing(other), ThreadPoolExecutor() as threads:
        searches = threads.submit(kills.kill_searches, one, TIMES, random.Random(1))
        workers = threads.submit(kills.kill_workers, other, TIMES, random.Random(1))
        return searches.result(), workers.result()


def test_a_figure_over_its_goal_or_that_could_not_be_measured_is_told():
    figures = {"kills": 5, "lost": 0, "ratio": 1.2, "grown_mib": 3.0, "exit_code": 5}
    assert find_missed({**figures, "slowest_record_seconds": None}) == [
        *("ratio", "exit_code", "slowest_record_seconds")
    ]


def test_killed_at_random_a_search_loses_nothing(harm):
    figures = dict(harm[0])
    assert figures.pop("kills") == TIMES
    assert figures.pop("runs") >= 1
    figures.pop("slowest_resume_seconds", None)
    assert figures == dict.fromkeys(figures, 0)


def test_killed_workers_fail_their_trial_at_once_and_no_other(harm):
    figures = dict(harm[1])
    assert figures.pop("slowest_record_seconds") < 2.0 * SLOW_MACHINE
    assert figures == {**dict.fromkeys(figures, 0), "kills": TIMES}


@pytest.mark.timeout(900)
def test_of_eight_that_start_one_run_one_wins_and_seven_are_told(real_scene):
    assert contention.start_together(real_scene, TIMES)["wrong"] == 0


def test_a_database_that_is_locked_across_a_result_is_waited_for(scene):
    figures = contention.lock_database(scene, 2.0)
    del figures["seconds"]
    assert figures == dict.fromkeys(figures, 0)


@pytest.mark.timeout(900)
def test_on_a_full_disk_it_says_so_and_goes_on_once_there_is_room(real_scene):
    figures = damage.fill_disks(real_scene, TIMES)
    assert (figures["unclear"], figures["lost"], figures["wrong_after_resume"]) == (0, 0, 0)


def test_a_study_that_is_gone_is_filled_again_from_the_trials(copy):
    folder, made = copy
    before = read_standing(folder)
    for path in folder.glob("study.db*"):
        path.unlink()
    code, said = resume(made)
    assert code == 0, said
    after = read_standing(folder)
    assert (after.counted, after.count_lost(before.results), after.untold, after.running) == (
        6,
        0,
        0,
        0,
    )


def test_a_damaged_study_is_refused_and_its_trials_forked(copy):
    folder, made = copy
    with closing(sqlite3.connect(folder / "study.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = read_standing(folder)
    whole = (folder / "study.db").read_bytes()
    (folder / "study.db").write_bytes(whole[: len(whole) // 2])
    code, said = resume(made)
    assert (code, "study.db is damaged" in said, "Traceback" in said) == (2, True, False), said
    code, said = resume(made, "--fork", "--out", "forked")
    assert code == 0, said
    assert "3 trials carried over whole from copy" in said
    new = read_standing(made.run_folder("forked"))
    assert (new.counted, new.untold) == (6, 0)
    plans = [
        json.loads((it / "run.json").read_text())["plan"]
        for it in (folder, made.run_folder("forked"))
    ]
    assert plans[0] == plans[1]
    assert new.count_lost(before.results) == 0


@pytest.mark.parametrize("name", ["run.json", "trials/1/result.json", "trials/1/candidate.json"])
def test_a_damaged_file_is_named(copy, name):
    folder, made = copy
    path = folder / name
    path.write_bytes(path.read_bytes()[:40])
    code, said = resume(made)
    assert (code, "Traceback" in said) == (2, False), said
    assert f"{name} is damaged" in said


def test_another_metric_is_refused_unless_it_is_a_fork(copy):
    _, made = copy
    code, said = resume(made, "--metric", "log_loss")
    assert code == 2
    assert "The metric has changed since this run began: it was accuracy, and is log_loss" in said
    code, said = resume(made, "--fork", "--out", "by-loss", "--metric", "log_loss", "--trials", "4")
    assert code == 0, said
    assert "3 scores carried over from copy" in said
    new = read_standing(made.run_folder("by-loss"))
    causes = [result["cause"] for _, result in sorted(new.results.items())]
    assert causes.count("carried over") == 3
    assert len(causes) == 7
