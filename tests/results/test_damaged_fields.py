"""A field that is missing or of the wrong kind ends in a refusal that names it and its file, whoever reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from imgcls_automl import load
from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.report import write_report

if TYPE_CHECKING:
    from pathlib import Path

REMOVED = object()


def change(path: Path, field: str, value: Any) -> None:
    """Set or remove a field of a JSON file, named as `"refit.epochs"`."""
    document = json.loads(path.read_text())
    *parents, name = field.split(".")
    place = document
    for parent in parents:
        place = place[parent]
    if value is REMOVED:
        del place[name]
    else:
        place[name] = value
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("file", "field", "value", "words"),
    [
        ("run.json", "config", REMOVED, "config"),
        ("run.json", "config.timeout", "x", "timeout must be a number, but is 'x'"),
        ("run.json", "config.trials", [3], "trials must be a whole number"),
        ("run.json", "config.folds", 1, "folds must be 2 or more, but is 1"),
        ("run.json", "config.metric", "beauty", "metric must be one of accuracy, macro_f1"),
        ("run.json", "seed", "zero", "seed must be a whole number"),
        ("run.json", "dataset.split_sizes", [1], "split_sizes must have 3 numbers, but has 1"),
        ("run.json", "dataset.class_counts", [1, 2], "class_counts must have 10 numbers"),
        ("run.json", "dataset.image_shape", "28x28", "image_shape must be a list of whole numbers"),
        ("run.json", "timings.data", "long", "data must be a number, but is 'long'"),
        ("run.json", "plan.seeds", REMOVED, "plan has no seeds"),
        ("run.json", "refit", {"epochs": "x"}, "epochs must be a whole number, but is 'x'"),
        ("run.json", "refit.seconds", REMOVED, "refit has no seconds"),
        ("run.json", "best_trial", "the third", "best_trial must be a whole number"),
        ("trials/1/result.json", "parameters", "many", "parameters must be a whole number"),
        ("trials/1/result.json", "seconds", "x", "seconds must be a number, but is 'x'"),
        ("trials/1/result.json", "epochs", 1.5, "epochs must be a whole number, but is 1.5"),
        ("trials/1/result.json", "cause", 3, "cause must be a text"),
        ("trials/1/candidate.json", "model", [], "model must be an object"),
        ("trials/1/candidate.json", "model.filters", [1], "filters must be one value, but is"),
        ("best/metrics.json", "accuracy", REMOVED, "accuracy"),
        ("best/metrics.json", "classes", REMOVED, "classes"),
        ("best/metrics.json", "single", {"accuracy": {}}, "value"),
    ],
)
def test_damage_is_told_with_file_and_field(
    finished_run: Any, file: str, field: str, value: Any, words: str
) -> None:
    change(finished_run.path / file, field, value)
    with pytest.raises(RunFolderError, match=f"{file} is damaged") as caught:
        write_report(finished_run.path)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("status", REMOVED, "status"),
        ("config", REMOVED, "config"),
        ("config.metric", "beauty", "metric must be one of"),
        ("config.fail_under", "high", "fail_under must be a number"),
        ("best_score", "high", "best_score must be a number"),
        ("dataset.floor", [0.1], "floor must be an object"),
        ("test_metrics", {"log_loss": {"value": 1.0}}, "test_metrics has no accuracy"),
    ],
)
def test_loading_in_python_tells_the_same(
    finished_run: Any, field: str, value: Any, words: str
) -> None:
    finished_run.write_run(best_score=0.9)
    change(finished_run.path / "run.json", field, value)
    with pytest.raises(RunFolderError, match=r"run\.json is damaged") as caught:
        load(finished_run.path)
    assert words in str(caught.value)


def test_the_command_line_calls_it_no_bug(finished_run: Any, imgcls: Any) -> None:
    change(finished_run.path / "best/metrics.json", "accuracy", REMOVED)
    done = imgcls("report", finished_run.path)
    assert done.returncode == 2
    assert "metrics.json is damaged: a field is missing or of the wrong kind ('accuracy')" in (
        done.stderr
    )


def test_a_report_that_cannot_be_written_says_what_to_do(finished_run: Any, imgcls: Any) -> None:
    (finished_run.path / "report.html").mkdir()
    done = imgcls("report", finished_run.path)
    assert done.returncode == 2
    assert (
        "report.html cannot be written: Is a directory.\nRemove what is in its place" in done.stderr
    )
