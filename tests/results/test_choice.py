"""The outcome says how the winner was chosen, and plainly where the search was no better than what it had to beat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.records import read_run
from imgcls_automl.results.verdict import describe_outcome


def tell(folder: Path) -> str:
    return " ".join(describe_outcome(read_run(folder), None))


@pytest.fixture
def searched(run_folder: Any) -> Any:
    """Three trials, the first a baseline; the search liked trial 2 best."""
    run_folder.write_trial(0, score=0.91, baseline=True)
    return run_folder.write_trial(1, score=0.93).write_trial(2, score=0.95)


def test_a_retrained_winner_is_told_with_the_runner_up(searched: Any) -> None:
    searched.write_selection(1, {2: [(0.931, 0.93)], 1: [(0.934, 0.93)], 0: [(0.9, 0.9)]})
    text = tell(searched.path)
    assert "Retrained with a fresh seed it reached 93.4%, ahead of trial 2 (93.1%)" in text
    assert "in the search trial 2 had scored better" in text


def test_several_seeds_are_told_as_a_mean(searched: Any) -> None:
    searched.write_selection(2, {2: [(0.95, 0.9), (0.93, 0.9)], 1: [(0.92, 0.9), (0.92, 0.9)]})
    text = tell(searched.path)
    assert "Retrained with 2 fresh seeds it reached 94.0% on average, ahead of trial 1" in text
    assert "had scored better" not in text


@pytest.mark.parametrize("epochs", [12, 7])
def test_it_is_told_where_retrainings_had_no_time_for_all_their_epochs(
    searched: Any, epochs: int
) -> None:
    searched.write_selection(1, {1: [(0.93, 0.93)], 2: [(0.92, 0.92)]}, epochs=epochs)
    short = "retrainings were brought to their end in as few as 7 epochs of 12" in tell(
        searched.path
    )
    assert short is (epochs == 7)


def test_a_winner_that_was_not_retrained_is_not_said_to_be(searched: Any) -> None:
    searched.write_selection(2, {2: [(0.95, 0.96)]}, retrained=False)
    text = tell(searched.path)
    assert "There was no time to retrain the best trials with fresh seeds" in text
    assert "etrained" not in text
    assert (
        "helps on validation: accuracy 96.0% instead of 95.0%, log loss 0.2900 instead of" in text
    )


def test_where_no_retraining_was_planned_none_is_missed(searched: Any) -> None:
    searched.write_selection(2, {2: [(0.95, 0.96)]}, retrained=False)
    searched.write_run(plan={"epochs": 5, "top_k": 1, "seeds": 1})
    assert "retrain" not in tell(searched.path)


def test_where_one_trial_alone_is_complete_none_is_missed_either(run_folder: Any) -> None:
    run_folder.write_trial(0, score=0.9).write_selection(0, {0: [(0.9, 0.9)]}, retrained=False)
    run_folder.write_run(plan={"epochs": 5, "top_k": 3, "seeds": 3})
    assert "retrain" not in tell(run_folder.path)


@pytest.mark.parametrize(
    ("budget", "more"),
    [
        ({"trials": 20, "timeout": None}, "--trials 40"),
        ({"trials": None, "timeout": 600.0}, "--timeout 10m"),
        ({"trials": 5, "timeout": 45.2}, "--timeout 46s"),
        ({"trials": None, "timeout": None}, "--timeout 20m"),
    ],
)
def test_the_command_that_goes_on_gives_as_much_again(
    run_folder: Any, digits_test: Any, budget: dict[str, Any], more: str
) -> None:
    from imgcls_automl.results.scores import read_scores
    from imgcls_automl.results.verdict import list_next_commands

    run = type(run_folder)(run_folder.path, class_names=tuple("0123456789")).write_run()
    run.write_best(digits_test.labels, digits_test.probabilities, digits_test.ids)
    run.write_run(config={"space": "cnn_small", "data": "digits", **budget})
    commands = list_next_commands(read_run(run.path), read_scores(run.path))
    assert commands[-1].endswith(more)


def test_flips_that_do_not_help_are_told_too(searched: Any) -> None:
    searched.write_selection(2, {2: [(0.95, 0.91)], 1: [(0.92, 0.92)]})
    assert "would not help on validation (accuracy 91.0% instead of 95.0%" in tell(searched.path)


def test_a_log_loss_is_better_when_lower(tmp_path: Path, run_folder: Any) -> None:
    run = type(run_folder)(tmp_path / "loss", metric="log_loss").write_run()
    run.write_trial(0, score=0.5, baseline=True).write_trial(1, score=0.4)
    run.write_selection(1, {1: [(0.41, 0.45)], 0: [(0.52, 0.55)]})
    text = tell(run.path)
    assert "it reached 0.4100, ahead of trial 0 (0.5200)" in text
    assert "majority floor" not in text


@pytest.mark.parametrize(("runner_up", "may_be_chance"), [(0.9330, True), (0.92, False)])
def test_a_lead_over_the_runner_up_that_may_be_chance_is_told_as_such(
    searched: Any, runner_up: float, may_be_chance: bool
) -> None:
    searched.write_selection(2, {2: [(0.9331, 0.93)], 1: [(runner_up, 0.92)]})
    text = tell(searched.path)
    assert f"it reached 93.3%, ahead of trial 1 ({100 * runner_up:.1f}%)" in text
    assert ("%), which may be chance." in text) is may_be_chance


def test_contenders_that_are_level_are_not_called_behind(searched: Any) -> None:
    searched.write_selection(2, {2: [(0.93, 0.9)], 1: [(0.93, 0.9)]})
    assert "level with trial 1" in tell(searched.path)


class TestFloor:
    def test_a_search_that_is_no_better_says_so(self, run_folder: Any) -> None:
        run_folder.floor = {"accuracy": 0.9, "macro_f1": 0.4, "log_loss": 0.3}
        run_folder.write_run().write_trial(0, score=0.9)
        text = tell(run_folder.path)
        assert "That is no better than the majority floor." in text
        assert "Always naming the most frequent training class gives 90.0% accuracy" in text

    def test_a_search_that_is_better_is_not_scolded(self, searched: Any) -> None:
        assert "floor" not in tell(searched.path)

    def test_a_run_of_before_there_were_floors_is_read(self, searched: Any) -> None:
        searched.floor = {}
        searched.write_run(selection=None, plan=None)
        assert read_run(searched.path).floor is None
        assert "Trial 2 leads so far" in tell(searched.path)


def test_a_winner_of_before_the_search_went_on_is_not_mixed_with_the_new_choice(
    searched: Any,
) -> None:
    searched.write_selection(1, {2: [(0.93, 0.9)], 1: [(0.94, 0.9)]}).write_run(best_trial=2)
    assert "etrained" not in tell(searched.path)


@pytest.mark.parametrize("damage", [{"contenders": [{"trial": 1}]}, {"winner": None}, [1]])
def test_a_damaged_selection_is_named_with_its_file(searched: Any, damage: Any) -> None:
    searched.write_run(selection=damage)
    with pytest.raises(RunFolderError, match=r"run\.json is damaged"):
        read_run(searched.path)


def test_a_model_surely_above_the_floor_on_test_is_not_doubted(
    tmp_path: Path, run_folder: Any
) -> None:
    from imgcls_automl.results.scores import read_scores

    run = type(run_folder)(tmp_path / "good", class_names=("cat", "dog")).write_run(best_trial=0)
    labels = np.arange(40) % 2
    answers = np.eye(2, dtype=np.float32)[np.where(np.arange(40) < 8, 0, labels)]
    run.write_trial(0).write_best(labels, answers, list(map(str, labels)))
    text = " ".join(describe_outcome(read_run(run.path), read_scores(run.path)))
    assert "would give 50.0% there." in text
