"""Trainings whose process is killed, and that go on in another one: they end as if nothing had happened."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import asdict, replace

import numpy as np
import optuna
import pytest
from networks import Frozen, Told, candidate

from imgcls_automl.executors.messages import Admission, Verdict
from imgcls_automl.executors.tasks import RefitTask, RetrainTask, TrialTask
from imgcls_automl.trial_files import has_checkpoint, read_retraining

COMMON = {"seed": 1, "precision": "float32", "deadline": None}
AUGMENTED = {"horizontal_flip": True, "rotation": 0.05, "erasing": 0.5, "mixup": 0.2}
CHOSEN = candidate(dropout=0.3, label_smoothing=0.1, augmentation=AUGMENTED)


class KilledError(BaseException):
    """What stands for the end of the process: nothing in a training catches it."""


class Space(Frozen):
    """Always the same candidate; how often it was drawn."""

    def __init__(self, **training):
        self.chosen = replace(CHOSEN, training=replace(CHOSEN.training, **training))
        self.draws = 0

    def suggest(self, trial, task):
        self.draws += 1
        return self.chosen


@pytest.fixture(autouse=True)
def after_every_epoch(monkeypatch):
    """Write a checkpoint after each epoch, however short it is."""
    from imgcls_automl.training import logbook

    monkeypatch.setattr(logbook, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(logbook, "SHARE", math.inf)


@pytest.fixture
def run(pictures):
    """Do a task in a process of its own, as far as training can tell; killed after so many epochs, and resumed.

    Returns what it came to, and the epochs that each process reported, as (fold, epoch).
    """
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.program import Programs

    def run(do, space, *, on=pictures, killed=()):
        told = []
        for last in (*killed, None):
            bench = Bench(
                space=space, programs=Programs(on), metric="accuracy", class_weight="none"
            )
            told.append([])

            def report(message, last=last):
                told[-1].append((message.fold, message.epoch))
                if last is not None and len(told[-1]) > last:  # before this one's checkpoint
                    raise KilledError
                return Verdict()

            try:
                return do(bench, report), told
            except KilledError:
                continue
        raise AssertionError

    return run


@pytest.fixture
def search(run, tmp_path):
    """Run a trial in a folder; returns its result, what was reported, and its folder."""
    from imgcls_automl.training.trial import run_trial

    def search(name, space, *, epochs=4, **how):
        folder = tmp_path / name
        folder.mkdir()
        task = TrialTask(folder=folder, number=3, baseline=False, epochs=epochs, **COMMON)

        def do(bench, report):
            trial = optuna.trial.FixedTrial({})
            return run_trial(
                task, bench, trial, admit=lambda drawn: Admission(), started=print, report=report
            )

        return (*run(do, space, **how), folder)

    return search


def read_history(folder):
    """All of history.csv that depends on no clock."""
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {name: text for name, text in row.items() if name not in ("time", "seconds")}
        for row in rows
    ]


def read_weights(folder):
    import h5py

    found = {}
    for path in sorted(folder.glob("*.weights.h5")):
        with h5py.File(path) as file:
            file.visititems(
                lambda name, node, path=path: (
                    found.update({f"{path.name}/{name}": np.array(node)})
                    if isinstance(node, h5py.Dataset)
                    else None
                )
            )
    return found


def check_same(one, other):
    """Both trials came to the same result, history and weights, and left the same files."""
    (mine, _, folder), (its, _, its_folder) = one, other
    assert {**asdict(mine), "seconds": 0} == {**asdict(its), "seconds": 0}
    assert read_history(folder) == read_history(its_folder)
    weights, its_weights = read_weights(folder), read_weights(its_folder)
    assert weights.keys() == its_weights.keys()
    assert weights
    for name, array in weights.items():
        assert np.array_equal(array, its_weights[name]), name
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in its_folder.iterdir()}
    assert not any("checkpoint" in name or "writing" in name for name in names)


class TestATrial:
    def test_it_ends_as_if_it_had_not_been_killed_in_any_phase(self, search):
        # Two epochs with the first layer frozen, then four with all: killed in, between and after them.
        whole = search("whole", Space(frozen_epochs=2), epochs=6)
        space = Space(frozen_epochs=2)
        resumed = search("resumed", space, epochs=6, killed=(1, 1, 2))
        check_same(whole, resumed)
        assert resumed[1] == [
            [(1, 1), (1, 2)],
            [(1, 2), (1, 3)],
            [(1, 3), (1, 4), (1, 5)],
            [(1, 5), (1, 6)],
        ]
        assert space.draws == 1

    def test_early_stopping_counts_the_epochs_before(self, search):
        still = {"learning_rate": 1e-12, "schedule": "constant", "optimizer": "sgd"}
        whole = search("whole", Space(**still), epochs=12)
        assert whole[0].epochs == 7
        check_same(whole, search("resumed", Space(**still), epochs=12, killed=(3,)))

    def test_over_folds_it_goes_on_in_the_fold_it_was_in(self, search, folded):
        whole = search("whole", Space(), epochs=2, on=folded)
        assert len(set(whole[0].fold_scores)) == 3
        # Killed after the first epoch of the second fold, then between that fold and the third.
        resumed = search("resumed", Space(), epochs=2, on=folded, killed=(3, 1))
        check_same(whole, resumed)
        assert resumed[1][1:] == [[(2, 2), (3, 1)], [(3, 1), (3, 2)]]

    def test_of_a_damaged_checkpoint_the_one_before_is_used(self, search, tmp_path, monkeypatch):
        from imgcls_automl.training import logbook

        whole = search("whole", Space())
        opened = logbook.has_checkpoint

        def damage(folder):
            newest = folder / "checkpoint.npz"
            if newest.is_file():
                newest.write_bytes(newest.read_bytes()[:100])
            return opened(folder)

        monkeypatch.setattr(logbook, "has_checkpoint", damage)
        resumed = search("resumed", Space(), killed=(2,))
        assert resumed[1][1] == [(1, 2), (1, 3), (1, 4)]
        check_same(whole, resumed)

    def test_late_it_ends_with_the_epochs_of_its_checkpoint(self, run, tmp_path):
        from imgcls_automl.training.trial import run_trial

        common = {**COMMON, "deadline": time.time() + 600}
        task = TrialTask(
            folder=tmp_path, number=3, baseline=False, epochs=4, keep_partial=True, **common
        )
        tasks = iter((task, replace(task, deadline=time.time() - 1)))

        def do(bench, report):
            return run_trial(
                next(tasks),
                bench,
                optuna.trial.FixedTrial({}),
                admit=lambda drawn: Admission(),
                started=print,
                report=report,
            )

        result, told = run(do, Space(), killed=(2,))
        assert (result.state, result.cause, result.epochs) == ("complete", "timeout", 2)
        assert told[1] == []
        assert len(read_history(tmp_path)) == 2
        assert read_weights(tmp_path)

    def test_its_time_counts_on(self, search, monkeypatch):
        from imgcls_automl.training import checkpoint

        read = checkpoint.read_checkpoint
        monkeypatch.setattr(
            "imgcls_automl.training.logbook.read_checkpoint",
            lambda folder: replace(read(folder), seconds=1000.0),
        )
        result, _, _ = search("resumed", Space(), epochs=2, killed=(1,))
        assert 1000 < result.seconds < 1100


class TestLater:
    @pytest.fixture
    def trial_folder(self, search):
        return search("trial", Space(), epochs=2)[2]

    def test_a_retraining_goes_on_and_its_result_is_kept(self, run, trial_folder):
        from imgcls_automl.training.retrain import retrain

        results = []
        for name, killed in (("whole", ()), ("resumed", (2,))):
            task = RetrainTask(
                number=3, trial_folder=trial_folder, folder=trial_folder / name, epochs=4, **COMMON
            )
            result, told = run(
                lambda bench, report, task=task: retrain(task, bench, report),
                Space(),
                killed=killed,
            )
            assert read_retraining(task) == result
            assert read_retraining(replace(task, epochs=5)) is None
            assert not has_checkpoint(task.folder)
            results.append(replace(result, seconds=0.0, look_seconds=0.0))
        assert results[0] == results[1]
        assert told == [[(1, 1), (1, 2), (1, 3)], [(1, 3), (1, 4)]]

    # Told that only so many of eight epochs fit: three, as if the machine had become slow after the first.
    @pytest.mark.parametrize("fitting", [None, (8, 3, 2, 1)], ids=["as planned", "shortened"])
    def test_a_refit_goes_on(self, run, trial_folder, tmp_path, fitting):
        from imgcls_automl.training.refit import refit

        tested = []
        for name, killed in (("whole", ()), ("resumed", (2,))):
            (tmp_path / name).mkdir()
            task = RefitTask(
                number=3,
                trial_folder=trial_folder,
                folder=tmp_path / name,
                epochs=8 if fitting else 4,
                pacing=fitting and Told(fitting=fitting),
                **COMMON,
            )
            refitted, told = run(
                lambda bench, report, task=task: refit(task, bench, report), Space(), killed=killed
            )
            assert refitted.epochs == 4
            tested.append(refitted.test.probabilities)
        assert np.array_equal(*tested)
        assert told == [[(1, 1), (1, 2), (1, 3)], [(1, 3), (1, 4)]]

    def test_with_other_epochs_it_begins_anew(self, run, trial_folder, tmp_path):
        from imgcls_automl.training.refit import refit

        task = RefitTask(number=3, trial_folder=trial_folder, folder=tmp_path, epochs=4, **COMMON)
        shorter = iter((task, replace(task, epochs=3)))
        _, told = run(
            lambda bench, report: refit(next(shorter), bench, report), Space(), killed=(2,)
        )
        assert told[1] == [(1, 1), (1, 2), (1, 3)]
