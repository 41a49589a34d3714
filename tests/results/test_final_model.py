"""What the final model is made of is told in words, with and without it, wherever the outcome is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from imgcls_automl.results.final_model import (
    describe_calibration,
    describe_ensemble,
    describe_training,
    list_comparisons,
)
from imgcls_automl.results.model_card import write_model_card
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report import write_report
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.verdict import describe_outcome, format_search_command

CALIBRATION = {"temperature": 1.37, "fitted": 1.37, "before": 0.31, "after": 0.29, "pictures": 500}
SCORES = {"score": 0.93, "loss": 0.2, "single_score": 0.92, "single_loss": 0.25}
MADE = {
    "members": [
        {"trial": 2, "count": 1, "share": 0.25},
        {"trial": 1, "count": 2, "share": 0.5},
        {"trial": 1, "count": 1, "share": 0.25},
    ],
    "scores": SCORES,
    "note": "",
    "calibration": CALIBRATION,
}


@pytest.fixture
def tell(finished_run):
    """The finished run with this final model."""

    def tell(*, ensemble=True, **changes):
        config = json.loads((finished_run.path / "run.json").read_text())["config"]
        finished_run.write_run(
            final_model={**MADE, **changes}, config={**config, "ensemble": ensemble}
        )
        return read_run(finished_run.path)

    return tell


def test_an_ensemble_is_told_with_its_shares_and_gains(tell):
    told = describe_ensemble(tell())
    assert "trial 2 (25%), trial 1 (75%)" in told
    assert "93.0% accuracy instead of the winner's 92.0%" in told
    assert "log loss before any temperature 0.2000 instead of 0.2500" in told


def test_why_there_is_none_is_told_only_where_one_was_asked_for(tell):
    nothing = {"members": [], "scores": None, "note": "there is one contender only"}
    assert describe_ensemble(tell(**nothing)) == (
        "No ensemble was made: there is one contender only."
    )
    assert describe_ensemble(tell(ensemble=False, **nothing)) == ""


@pytest.mark.parametrize(
    ("temperature", "words"),
    [(1.37, "too sure"), (0.8, "not sure enough"), (1.0, "no temperature clearly helps")],
)
def test_the_temperature_is_told_with_what_it_was_chosen_by(tell, temperature, words):
    told = describe_calibration(tell(calibration={**CALIBRATION, "temperature": temperature}))
    assert words in told
    assert "log loss 0.2900 instead of 0.3100 on validation" in told


def test_a_run_of_an_older_version_says_nothing_of_it(finished_run):
    run = read_run(finished_run.path)
    assert (describe_ensemble(run), describe_calibration(run)) == ("", "")


@pytest.mark.parametrize(
    ("epochs", "shortened", "words", "short"),
    [
        (
            12,
            False,
            "was trained for 12 epochs, as planned, on train and validation together",
            False,
        ),
        (
            7,
            True,
            "brought to its end in 7 epochs of 12 planned, because the time was short.",
            True,
        ),
        (
            7,
            False,
            "was brought to its end in 7 epochs of 12 planned.",
            True,
        ),  # by a fit of its own
        (0, False, "the model has the weights that its trial kept", True),
    ],
)
def test_how_long_it_was_trained_is_told_and_in_the_verdict_where_it_was_not_as_planned(
    finished_run, epochs, shortened, words, short
):
    refit = {"epochs": epochs, "planned_epochs": 12, "shortened": shortened, "seconds": 31.5}
    run = read_run(finished_run.write_run(refit=refit).path)
    assert words in describe_training(run)
    assert any(words in line for line in describe_outcome(run, None)) is short
    assert words in write_model_card(finished_run.path).read_text()
    assert words in write_report(finished_run.path).read_text()


def test_outcome_and_model_card_compare_on_the_test_split(tell, finished_run):
    run = tell()
    assert list_comparisons(read_scores(finished_run.path)) == []
    file = finished_run.path / "best" / "metrics.json"
    metrics = json.loads(file.read_text())
    names = ("accuracy", "macro_f1", "log_loss", "expected_calibration_error")
    metrics["single"] = {name: metrics[name] | {"value": 0.125} for name in names}
    file.write_text(json.dumps(metrics))
    scores = read_scores(finished_run.path)
    assert [told for told, _ in list_comparisons(scores)] == ["the final model", "the winner alone"]
    assert any("the winner alone accuracy 12.5%" in line for line in describe_outcome(run, scores))
    card = write_model_card(finished_run.path).read_text()
    assert "| the winner alone | 0.1250 | 0.1250 | 0.1250 | 0.1250 |" in card
    assert "temperature of 1.37" in card


def test_the_search_command_names_the_switch_where_it_was_given(tell):
    assert format_search_command(tell()).endswith(" --ensemble")
    assert "--ensemble" not in format_search_command(tell(ensemble=False))


def test_a_temperature_is_undone_to_compare_with():
    from imgcls_automl.results.testing import _undo

    plain = np.array([[0.7, 0.2, 0.1]], "float32")
    cooled = plain ** (1 / 1.5)
    cooled /= cooled.sum()
    np.testing.assert_allclose(_undo(cooled, 1.5), plain, rtol=1e-5)
