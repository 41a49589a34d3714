"""Searches that are told what to do in other ways, end otherwise, or run elsewhere."""

from __future__ import annotations

import json
import shutil

import pytest

CONFIG = """
space = "cnn_small"
data = "digits"
out = "again"
trials = 3
epochs = 2
preset = "fast"
fail-under = 1.01
"""

# Put on the path of every process of a run: whoever imports TensorFlow fails.
NO_TENSORFLOW = """
import sys

class NoTensorflow:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ImportError("TensorFlow was imported")

sys.meta_path.insert(0, NoTensorflow())
"""


def read(path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def again(imgcls, tmp_path_factory):
    """The search of `finished` once more: from a file, quietly, as JSON, with a gate that nothing meets."""
    folder = tmp_path_factory.mktemp("again")
    (folder / "search.toml").write_text(CONFIG)
    done = imgcls("search", "--config", "search.toml", "--json", "--quiet", cwd=folder)
    return folder / "again", done


def test_one_whose_time_is_up_before_the_first_trial_ends_then_and_leaves_nothing(imgcls, tmp_path):
    done = imgcls(
        *("search", "--space", "cnn_small", "--data", "digits", "--timeout", "0.1s"),
        *("--out", "late"),
        cwd=tmp_path,
    )
    assert done.returncode == 4
    told = done.stderr.splitlines()[-2:]
    assert told[0].startswith(
        "imgcls-automl: The time was up before the first trial: after reading"
    )
    assert "--timeout" in told[1]
    assert "Plan:" not in done.stderr
    assert list(tmp_path.iterdir()) == []


class TestTheSameSeed:
    def test_it_gives_the_same_candidates_and_results(self, finished, again):
        for number in range(3):
            first, second = (folder / f"trials/{number}" for folder in (finished[0], again[0]))
            assert read(first / "candidate.json") == read(second / "candidate.json")
            results = [read(folder / "result.json") for folder in (first, second)]
            for result in results:
                del result["seconds"], result["latency_ms"]
            assert results[0] == results[1]

    def test_it_gives_the_same_model(self, finished, again):
        first, second = (read(folder / "run.json") for folder in (finished[0], again[0]))
        assert first["best_trial"] == second["best_trial"]
        assert first["test_metrics"] == second["test_metrics"]


class TestAGate:
    def test_one_that_is_not_met_is_code_6_and_the_run_is_complete(self, again):
        folder, done = again
        assert done.returncode == 6
        assert read(folder / "run.json")["status"] == "complete"
        assert "--fail-under: accuracy on test is" in done.stderr
        assert len(done.stderr.splitlines()) <= 3  # quiet: nothing else

    def test_stdout_holds_one_json_object(self, again):
        told = json.loads(again[1].stdout)
        assert told["schema_version"] == 1
        assert (told["status"], told["folder"]) == ("complete", "again")
        assert told["test_metrics"]["accuracy"]["value"] > 0.5
        assert told["model"] == "again/best/model.keras"
        assert told["verdict"][0].startswith(f"Trial {told['best_trial']} won among 3 trials")
        assert set(told["best_baseline"]) == {"trial", "score", "retrained_score"}
        assert 0 < told["floor"] < told["score"]


def test_a_dry_run_shows_the_plan_and_leaves_nothing(imgcls, tiny_space, tmp_path):
    done = imgcls(
        *("search", "--space", tiny_space, "--data", "digits", "--dry-run", "--json"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["split_sizes"] == [1222, 306, 269]
    assert told["baselines"] == [{"learning_rate": 0.01}]
    assert told["timeout"] == 1200
    assert list(tmp_path.iterdir()) == []


def test_on_jax_nothing_imports_tensorflow(imgcls, tiny_space, tmp_path):
    pytest.importorskip("jax")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_TENSORFLOW)
    done = imgcls(
        *("search", "--space", tiny_space, "--data", "digits", "--out", "run"),
        *("--trials", "1", "--epochs", "1", "--preset", "fast"),
        cwd=tmp_path,
        env={"KERAS_BACKEND": "jax", "PYTHONPATH": str(tmp_path / "site")},
    )
    log = tmp_path / "run/log.txt"
    assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
    assert "TensorFlow was imported" not in log.read_text()
    record = read(tmp_path / "run/run.json")
    assert record["device"]["backend"] == "jax"
    assert record["test_metrics"]["accuracy"]["value"] > 0.2


def test_a_space_that_always_fails_ends_with_code_4_and_a_readable_folder(imgcls, tmp_path):
    (tmp_path / "bad.py").write_text(
        "from imgcls_automl.plugin import Candidate\n"
        "class Bad:\n"
        "    def suggest(self, trial, task):\n"
        "        return Candidate(model={'x': trial.suggest_float('x', 0, 1)})\n"
        "    def build(self, model, task):\n"
        "        raise ValueError('no such layer')\n"
    )
    done = imgcls(
        *("search", "--space", "bad.py:Bad", "--data", "digits", "--out", "run", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 4
    assert "5 in a row failed (invalid architecture)" in done.stderr
    told = json.loads(done.stdout)
    assert (told["exit_code"], "ValueError: no such layer" in told["error"]) == (4, True)
    assert read(tmp_path / "run/run.json")["status"] == "failed"
    assert imgcls("leaderboard", "run", cwd=tmp_path).stdout.count("failed") == 5
    assert "ValueError: no such layer" in (tmp_path / "run/log.txt").read_text()


def test_a_finished_run_goes_on_to_a_new_total(imgcls, finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    crowded = imgcls("resume", "run", "--trials", "4", "--workers", "9999", cwd=tmp_path)
    assert crowded.returncode == 2
    assert "Give fewer: --workers" in crowded.stderr
    where = ("--workers", "1", "--device", "cpu")  # which may change
    done = imgcls("resume", "run", "--trials", "4", *where, "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert sorted(path.name for path in (folder / "trials").iterdir() if path.name.isdigit()) == [
        *"0123"
    ]
    for number in range(3):  # what was done is as it was
        name = f"trials/{number}/result.json"
        assert read(folder / name) == read(finished[0] / name)
    record = read(folder / "run.json")
    assert (record["status"], record["config"]["trials"]) == ("complete", 4)
    assert (record["config"]["workers"], record["config"]["device"]) == (1, "cpu")
    spent = imgcls("resume", "run", cwd=tmp_path)
    assert spent.returncode == 2
    assert "has spent its budget" in spent.stderr
