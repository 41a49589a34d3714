"""A run folder can be read at any moment of its life, and says what is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.records import read_run
from imgcls_automl.results.verdict import format_search_command
from imgcls_automl.trial_history import read_history


def test_a_finished_run_is_read_whole(finished_run: Any) -> None:
    run = read_run(finished_run.path)
    assert (run.status, run.metric, run.space, run.seed) == ("complete", "accuracy", "cnn_small", 0)
    assert run.dataset is not None
    assert run.dataset.image_shape == (28, 28, 1)
    assert run.winner is not None
    assert (run.winner.number, run.winner.score) == (2, 0.973)
    assert run.winner.training["augmentation.horizontal_flip"] is True
    assert [trial.state for trial in run.trials[3:]] == ["pruned", "failed", "infeasible"]


def test_a_run_on_several_sources_names_them_all(run_folder: Any) -> None:
    run_folder.data = ["cats", "stray dogs"]
    run = read_run(run_folder.write_run().path)
    assert run.data == "cats, stray dogs"
    assert "--data cats --data 'stray dogs'" in format_search_command(run)


def test_trials_are_in_the_order_of_their_numbers(run_folder: Any) -> None:
    for number in (10, 9, 0):
        run_folder.write_trial(number)
    (run_folder.path / "trials" / ".writing-x").mkdir()
    assert [trial.number for trial in read_run(run_folder.path).trials] == [0, 9, 10]


@pytest.mark.parametrize(("status", "state"), [("running", "running"), ("complete", "interrupted")])
def test_a_trial_without_result_is_unfinished(run_folder: Any, status: str, state: str) -> None:
    run_folder.write_run(status=status).write_trial(0, state=None)
    assert read_run(run_folder.path).trials[0].state == state


def test_half_written_files_of_a_running_trial_do_not_break_reading(run_folder: Any) -> None:
    run_folder.write_run(status="running").write_trial(0, state=None, epochs=3)
    folder = run_folder.path / "trials" / "0"
    (folder / "candidate.json").write_text('{"schema_ver')
    with (folder / "history.csv").open("a") as file:
        file.write("4,2026-11-")
    trial = read_run(run_folder.path).trials[0]
    assert trial.model == {}
    assert [epoch["epoch"] for epoch in read_history(trial.folder)] == [1, 2, 3]


def test_a_trial_that_failed_before_it_had_a_candidate_is_read(run_folder: Any) -> None:
    run_folder.write_trial(0, state="failed", score=None, epochs=0)
    (run_folder.path / "trials" / "0" / "candidate.json").unlink()
    assert read_run(run_folder.path).trials[0].params == {}


def test_a_run_that_has_not_read_its_pictures_yet_is_read(run_folder: Any) -> None:
    run_folder.write_run(status="running", dataset=None, plugins={})
    assert read_run(run_folder.path).dataset is None


def test_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"is no run folder: it has no run\.json"):
        read_run(tmp_path)
    with pytest.raises(RunFolderError, match="there is no such folder"):
        read_run(tmp_path / "none")


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"config": 3}', '{"config": {}, "seed": NaN}', "\x00", "[" * 99999],
)
def test_damage_is_named_with_its_file(run_folder: Any, content: str) -> None:
    (run_folder.path / "run.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"run\.json is damaged") as caught:
        read_run(run_folder.path)
    assert len(str(caught.value).splitlines()) <= 3


@pytest.mark.parametrize("change", [{"state": "great"}, {"score": "high"}, {"metrics": 3}])
def test_a_damaged_result_is_named_with_its_file(run_folder: Any, change: dict[str, Any]) -> None:
    run_folder.write_trial(0)
    path = run_folder.path / "trials" / "0" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(RunFolderError, match=r"result\.json is damaged"):
        read_run(run_folder.path)


def test_a_newer_run_asks_for_an_upgrade(run_folder: Any) -> None:
    run_folder.write_run(schema_version=2)
    with pytest.raises(RunFolderError, match=r"schema_version 2(.|\n)*upgrade"):
        read_run(run_folder.path)


def test_reading_results_needs_no_heavy_import() -> None:
    code = (
        "import sys, imgcls_automl.results.report, imgcls_automl.results.model_card\n"
        "heavy = {'keras', 'tensorflow', 'sklearn', 'numpy', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
