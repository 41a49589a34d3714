"""What a run has come to, in Python and as JSON: its scores, and what they are better than."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from imgcls_automl import load

if TYPE_CHECKING:
    from pathlib import Path

DATASET = {
    "fingerprint": "sha256:4f2a9c",
    "class_names": ["cat", "dog"],
    "class_counts": [30_000, 18_000],
    "image_shape": [28, 28, 1],
    "split_sizes": [48_000, 12_000, 10_000],
    "floor": {"accuracy": 0.6, "log_loss": 0.69},
}


@pytest.fixture
def write_run(tmp_path: Path) -> Any:
    """Write a run's run.json and its trials, each given as state, score and whether it is a baseline."""

    def write_run(*trials: tuple[str, float | None, bool], **values: Any) -> Path:
        run = {
            "schema_version": 1,
            "status": "complete",
            "config": {"space": "cnn_small", "data": "pets", "metric": "accuracy"},
            "dataset": DATASET,
        }
        (tmp_path / "run.json").write_text(json.dumps(run | values))
        for number, (state, score, baseline) in enumerate(trials):
            folder = tmp_path / "trials" / str(number)
            folder.mkdir(parents=True)
            (folder / "candidate.json").write_text(json.dumps({"baseline": baseline}))
            (folder / "result.json").write_text(json.dumps({"state": state, "score": score}))
        return tmp_path

    return write_run


def choose(winner: int, scores: dict[int, float], *, epochs: int = 12) -> dict[str, Any]:
    """run.json's values where these trials were retrained and one was chosen."""
    contenders = []
    for trial, score in scores.items():
        result = {"seed": 0, "score": score, "flipped_score": score, "loss": 0.3}
        result |= {"flipped_loss": 0.3, "epochs": epochs, "seconds": 9.0}
        contenders.append({"trial": trial, "score": score, "flips": False, "results": [result]})
    selection = {"winner": winner, "retrained": True, "contenders": contenders}
    return {"best_trial": winner, "best_score": scores[winner], "selection": selection}


def test_it_says_what_the_winner_is_better_than(write_run: Any) -> None:
    trials = ("complete", 0.91, True), ("complete", 0.92, True), ("complete", 0.95, False)
    told = load(write_run(*trials, **choose(2, {1: 0.921, 2: 0.949}))).to_json()
    assert told["best_baseline"] == {"trial": 1, "score": 0.92, "retrained_score": 0.921}
    assert told["floor"] == 0.6
    assert "The best baseline, trial 1, reached 92.1% when retrained." in told["verdict"][0]
    assert (told["best_trial"], told["score"]) == (2, 0.949)
    assert json.loads(json.dumps(told)) == told


def test_a_lead_that_may_be_chance_is_told_as_such(write_run: Any) -> None:
    result = load(write_run(("complete", 0.933, True), ("complete", 0.9331, False), best_trial=1))
    assert "the search found nothing clearly better" in result.verdict()[0]
    assert result.best_baseline() == {"trial": 0, "score": 0.933, "retrained_score": None}


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_run_that_has_just_begun_has_neither(write_run: Any, status: str) -> None:
    told = load(write_run(status=status, dataset=None)).to_json()
    assert (told["floor"], told["best_baseline"]) == (None, None)
    assert "No trial is complete: no trial yet." in told["verdict"]


def test_baselines_that_did_not_finish_are_none(write_run: Any) -> None:
    result = load(
        write_run(("failed", None, True), ("pruned", 0.5, True), ("complete", 0.9, False))
    )
    assert result.best_baseline() is None
    assert "so the search was compared with none" in result.verdict()[0]


def test_a_run_of_before_there_were_floors_has_none(write_run: Any) -> None:
    dataset = {name: value for name, value in DATASET.items() if name != "floor"}
    assert load(write_run(("complete", 0.9, True), dataset=dataset)).floor is None
