"""One trial, whatever goes wrong: its state, its cause, the files it leaves."""

from __future__ import annotations

import csv
import errno
import os
import time
from datetime import datetime

import optuna
import pytest
from networks import Linear, Plain, Wide, candidate, failing

from imgcls_automl.executors.messages import Admission, Verdict, WorkerLost
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.trial_files import read_candidate, read_result


@pytest.fixture
def attempt(programs, tmp_path):
    """Run one trial of a space; returns its result."""
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.trial import run_trial

    def attempt(
        space, *, report=lambda epoch: Verdict(), admit=lambda drawn: Admission(), **changes
    ):
        planned = {
            **{"number": 3, "baseline": False, "seed": 1, "epochs": 2, "deadline": None},
            "precision": "float32",
        }
        task = TrialTask(folder=tmp_path, **{**planned, **changes})
        bench = Bench(
            space=space,
            programs=programs,
            metric="accuracy",
            class_weight="none",
        )
        trial = optuna.trial.FixedTrial({"dropout": 0.25}, number=3)
        result = run_trial(
            task, bench, trial, admit=admit, started=lambda event: None, report=report
        )
        assert read_result(tmp_path) == result
        return result

    return attempt


class TestGoingWell:
    def test_it_is_complete_with_the_best_epoch_s_score(self, attempt):
        result = attempt(Plain(), epochs=3)
        assert (result.state, result.cause, result.epochs) == ("complete", None, 3)
        assert result.score == result.metrics["val_accuracy"] > 0.5
        assert result.parameters == 64 * 64 + 64 + 64 * 10 + 10
        assert 0 < result.seconds < 60

    def test_its_folder_tells_all_of_it(self, attempt, tmp_path, pictures):
        attempt(Plain())
        names = {"candidate.json", "result.json", "history.csv", "best.weights.h5"}
        assert {path.name for path in tmp_path.iterdir()} == names
        stored = read_candidate(tmp_path)
        assert (stored.number, stored.params, stored.task) == (3, {"dropout": 0.25}, pictures.task)
        assert stored.candidate == candidate(dropout=0.25)

    def test_its_history_has_a_row_an_epoch_with_its_end_in_utc(self, attempt, tmp_path):
        attempt(Plain())
        with (tmp_path / "history.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        columns = ["epoch", "time", "seconds", "loss", "accuracy", "val_loss", "val_accuracy"]
        assert list(rows[0])[:7] == columns
        assert [row["epoch"] for row in rows] == ["1", "2"]
        ends = [datetime.fromisoformat(row["time"]) for row in rows]
        assert all(end.utcoffset().total_seconds() == 0 for end in ends)
        assert ends[0] < ends[1]
        assert abs(ends[1].timestamp() - time.time()) < 60

    def test_every_epoch_is_reported(self, attempt):
        reports = []

        def watch(report):
            reports.append((report.number, report.epoch, report.epochs))
            return Verdict()

        attempt(Plain(), report=watch)
        assert reports == [(3, 1, 2), (3, 2, 2)]

    def test_in_bfloat16_it_learns_as_well(self, attempt):
        dropping = Plain()  # its dropout draws in the program's own way, in whatever precision
        assert attempt(dropping, epochs=3, precision="mixed_bfloat16").score > 0.5


class TestStopping:
    def test_a_pruned_trial_leaves_no_weights(self, attempt, tmp_path):
        result = attempt(Plain(), epochs=5, report=lambda report: Verdict(stop="pruned"))
        assert (result.state, result.cause, result.epochs) == ("pruned", "pruned", 1)
        assert result.score is not None
        assert not (tmp_path / "best.weights.h5").exists()

    @pytest.mark.parametrize(("keep", "state"), [(False, "pruned"), (True, "complete")])
    def test_one_cut_short_counts_only_where_there_is_no_other(self, attempt, keep, state):
        stop = Verdict(stop="timeout")
        result = attempt(Plain(), epochs=5, report=lambda report: stop, keep_partial=keep)
        assert (result.state, result.cause) == (state, "timeout")

    def test_one_without_an_epoch_counts_never(self, attempt):
        result = attempt(Plain(), deadline=time.time() - 1, keep_partial=True)
        assert (result.state, result.cause, result.score) == ("pruned", "timeout", None)


class TestFailing:
    @pytest.mark.parametrize(
        ("space", "cause", "detail"),
        [
            (failing("suggest", KeyError("depth")), "error in the space", "KeyError: 'depth'"),
            (
                failing("build", ValueError("no\nsuch layer")),
                "invalid architecture",
                "ValueError: no such layer",
            ),
            (Wide(), "invalid architecture", "logits of shape (None, 10)"),
            (failing("build", KeyError("units")), "error in the space", "KeyError: 'units'"),
            (failing("initialise", OSError("gone")), "error in the space", "OSError: gone"),
            (failing("build", MemoryError()), "out of memory", "MemoryError"),
            (
                failing("initialise", RuntimeError("RESOURCE_EXHAUSTED: 9 GB")),
                "out of memory",
                "9 GB",
            ),
            (
                failing("initialise", RuntimeError("DefaultCPUAllocator: can't allocate memory")),
                "out of memory",
                "can't allocate memory",
            ),
            (
                failing("initialise", RuntimeError("CUDA_ERROR_OUT_OF_MEMORY: out of memory")),
                "out of memory",
                "CUDA_ERROR_OUT_OF_MEMORY",
            ),
        ],
    )
    def test_the_cause_is_recorded(self, attempt, space, cause, detail):
        result = attempt(space)
        assert (result.state, result.cause) == ("failed", cause)
        assert detail in result.detail
        assert "\n" not in result.detail

    def test_a_loss_that_is_not_finite(self, attempt):
        class Wild(Linear):
            def suggest(self, trial, task):
                return candidate(optimizer="sgd", learning_rate=100.0, schedule="constant")

        result = attempt(Wild())
        assert (result.state, result.cause) == ("failed", "not finite")
        assert result.detail == "the loss was not finite in epoch 1"

    @pytest.mark.parametrize("returned", [None, {"units": 3}], ids=["nothing", "a dict"])
    def test_a_suggest_that_gives_no_candidate(self, attempt, returned):
        class Wrong(Plain):
            def suggest(self, trial, task):
                return returned

        result = attempt(Wrong())
        assert (result.state, result.cause) == ("failed", "error in the space")
        assert "must return a Candidate" in result.detail

    def test_a_candidate_that_json_cannot_hold(self, attempt):
        class NotANumber(Plain):
            def suggest(self, trial, task):
                return candidate(dropout=float("nan"))

        result = attempt(NotANumber())
        assert (result.state, result.cause) == ("failed", "error in the space")

    def test_a_disk_that_fails_is_no_fault_of_the_candidate(self, attempt, tmp_path, monkeypatch):
        def fail(descriptor):
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match=r"Input/output error: .*candidate\.json"):
            attempt(Plain())
        assert list(tmp_path.glob("**/result.json")) == []

    def test_an_infeasible_draw_is_told_apart(self, attempt):
        result = attempt(failing("suggest", optuna.TrialPruned("too large")))
        assert (result.state, result.detail) == ("infeasible", "too large")
        assert result.parameters is None


class Hungry(Plain):
    """Needs more memory than there is above a batch size; notes the sizes it was trained with."""

    def __init__(self, fits):
        self.fits = fits
        self.tried = []

    def build(self, model, task):
        import keras

        space = self

        class Greedy(keras.layers.Layer):
            def call(self, inputs, training=False):
                if training and inputs.shape[0] is not None:  # a step is traced
                    space.tried.append(inputs.shape[0])
                    if inputs.shape[0] > space.fits:
                        raise RuntimeError(f"RESOURCE_EXHAUSTED: {inputs.shape[0]} pictures")
                return inputs

        images = keras.Input(task.image_shape)
        x = Greedy()(keras.layers.Flatten()(images))
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x))


KILLED = WorkerLost(
    cause="out of memory", detail="the worker process was killed by SIGKILL as memory ran out"
)


class TestOutOfMemory:
    def test_it_is_tried_once_more_at_half_the_batch_size(self, attempt, tmp_path):
        result = attempt(Hungry(fits=32), epochs=1)
        assert (result.state, result.batch_size) == ("complete", 32)
        assert result.detail == "out of memory at batch size 64, trained at 32"
        stored = read_candidate(tmp_path)
        assert stored.candidate == candidate(dropout=0.25, batch_size=32)
        assert stored.drawn_batch_size == 64

    def test_the_second_time_ends_the_trial(self, attempt, tmp_path):
        space = Hungry(fits=16)
        result = attempt(space, epochs=1)
        assert (result.state, result.cause, result.batch_size) == ("failed", "out of memory", 32)
        assert "RESOURCE_EXHAUSTED: 32 pictures" in result.detail
        assert set(space.tried) == {64, 32}

    def test_a_batch_of_one_cannot_be_halved(self, attempt):
        class Single(Hungry):
            def suggest(self, trial, task):
                return candidate(batch_size=1)

        result = attempt(Single(fits=0), epochs=1)
        assert (result.state, result.cause, result.batch_size) == ("failed", "out of memory", 1)

    def test_where_the_worker_was_lost_to_it_another_begins_at_half_the_batch_size(self, attempt):
        attempt(Plain(), epochs=1)  # leaves the candidate that was drawn
        space = Hungry(fits=32)
        result = attempt(space, epochs=1, lost=KILLED)
        assert (result.state, result.batch_size) == ("complete", 32)
        assert result.detail == "out of memory at batch size 64, trained at 32"
        assert set(space.tried) == {32}
        again = attempt(space, epochs=1, lost=KILLED)  # its candidate was halved before
        assert (again.state, again.cause) == ("failed", "out of memory")
        assert "as memory ran out" in again.detail

    def test_it_begins_again_with_its_first_epoch(self, attempt, tmp_path):
        reports = []

        def watch(report):
            reports.append(report.epoch)
            if len(reports) == 2:  # the device is full by the end of the second epoch
                raise MemoryError
            return Verdict()

        result = attempt(Plain(), epochs=3, report=watch)
        assert (result.state, result.epochs) == ("complete", 3)
        assert reports == [1, 2, 1, 2, 3]
        assert len((tmp_path / "history.csv").read_text().splitlines()) == 1 + 3


def test_the_line_of_its_author_s_code_is_named(attempt, tmp_path):
    from imgcls_automl import registry

    file = tmp_path / "broken_space.py"
    file.write_text(
        "from networks import Plain\n\n\nclass Broken(Plain):\n"
        "    def build(self, model, task):\n        return self.layers[0]\n"
    )
    space = registry.load(registry.find(registry.SEARCH_SPACES, f"{file}:Broken"), {})
    result = attempt(space)
    assert result.cause == "error in the space"
    assert result.detail.endswith("(broken_space.py:6)")


def test_a_candidate_that_was_trained_already_is_not_trained_again(attempt):
    drawn = []

    def admit(message):
        drawn.append(message)
        return Admission(duplicate_of=1)

    result = attempt(Plain(), admit=admit)
    assert (result.state, result.cause, result.epochs) == ("infeasible", "duplicate", 0)
    assert "trial 1" in result.detail
    assert drawn[0].candidate.model["dropout"] == 0.25
