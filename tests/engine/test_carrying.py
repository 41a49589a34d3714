"""A new run begun with another's trials: whole, their scores, or only their parameters, as far as these still hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing_space import make_space
from in_process_executor import InProcessExecutor
from optuna.trial import TrialState

from imgcls_automl.config import RunConfig
from imgcls_automl.engine.carrying import carry_trials
from imgcls_automl.engine.loop import run_trials
from imgcls_automl.engine.pruning import choose_pruner
from imgcls_automl.engine.retelling import tell_lost_results
from imgcls_automl.engine.study import counted_trials, ranked_trials
from imgcls_automl.executors.causes import CARRIED_OVER
from imgcls_automl.forking import Origin
from imgcls_automl.trial_files import read_candidate, read_result

SPACE = make_space("x", "y")


class Pictures:
    """What carrying asks of a data set."""

    fingerprint = "abc"


@pytest.fixture
def origin(study, make_plan):
    """A run of five trials; returns what a fork knows of it, with changes."""
    plan = make_plan(5)
    run_trials(study, InProcessExecutor(SPACE), plan, lambda event: None)

    def make(**changes):
        usual = {"metric": "accuracy", "same_space": True, "dataset": {"fingerprint": "abc"}}
        return Origin(path=plan.folder.parent, plan={"epochs": 2}, **(usual | changes))

    return make


@pytest.fixture
def carry(open_file, tmp_path):
    """Carry over into an empty run; returns its study, its folder of trials and what was carried."""

    def carry(origin, space=SPACE, metric="accuracy"):
        folder = tmp_path / "new"
        folder.mkdir()
        new = open_file("new.db", metric=metric)
        new.pruner = choose_pruner(epochs=1)
        config = RunConfig(space="cnn_small", data=("digits",), metric=metric, preset="medium")
        executor = InProcessExecutor(space)
        carried = carry_trials(new, executor, origin, Pictures(), config, folder)
        tell_lost_results(new, executor, folder)
        return new, folder, carried

    return carry


def values(study, state=TrialState.COMPLETE):
    return [trial.value for trial in study.get_trials() if trial.state == state]


def waiting(study):
    trials = study.get_trials(states=(TrialState.WAITING,))
    return [trial.system_attrs["fixed_params"]["x"] for trial in trials]


def test_where_nothing_has_changed_trials_come_whole(study, origin, carry):
    new, folder, carried = carry(origin())
    assert carried.what == "trials"
    assert carried.numbers == {number: number for number in range(5)}
    assert values(new) == values(study)
    assert counted_trials(new) == len(ranked_trials(new)) == 5
    assert read_result(folder / "3") == read_result(origin().path / "trials" / "3")


def test_a_changed_space_gets_scores_to_learn_from_and_trains_the_best_again(study, origin, carry):
    new, folder, carried = carry(origin(same_space=False))
    best = sorted(values(study), reverse=True)
    assert (carried.what, carried.queued) == ("scores", 3)
    assert values(new) == values(study)
    assert waiting(new) == best[:3]
    assert counted_trials(new) == 0, "only what this run trains is counted"
    assert ranked_trials(new) == [], "only what this run trains can win"
    result = read_result(folder / "2")
    assert (result.cause, result.detail) == (CARRIED_OVER, f"trial 2 of {origin().path.name}")


def test_what_a_changed_space_draws_no_more_is_left_out(study, origin, carry):
    narrower = sorted(values(study))[2]
    new, folder, carried = carry(origin(same_space=False), make_space("x", "y", high=narrower))
    fitting = [
        stored.params
        for stored in (read_candidate(origin().path / "trials" / str(n)) for n in range(5))
        if max(stored.params.values()) <= narrower
    ]
    assert [trial.params for trial in new.get_trials(states=(TrialState.COMPLETE,))] == fitting
    assert sorted(carried.numbers) == list(range(len(fitting)))
    assert len(list(folder.iterdir())) == len(fitting)


@pytest.mark.parametrize("names", [("x",), ("x", "y", "z")])
def test_a_space_of_other_parameters_gets_none(origin, carry, names):
    new, folder, carried = carry(origin(same_space=False), make_space(*names))
    assert (carried.numbers, carried.queued, new.get_trials()) == ({}, 0, [])
    assert list(folder.iterdir()) == []


def test_another_metric_is_read_from_the_epochs(study, origin, carry):
    new, folder, carried = carry(origin(), metric="macro_f1")
    assert carried.what == "scores"
    assert values(new) == pytest.approx([value / 3 for value in values(study)])
    result = read_result(folder / "0")
    assert (result.metric, result.epoch) == ("macro_f1", 2)


def test_other_pictures_get_the_parameters_to_try_the_best_first(study, origin, carry):
    new, folder, carried = carry(origin(dataset={"fingerprint": "other"}))
    assert (carried.what, carried.queued) == ("parameters", 5)
    assert waiting(new) == sorted(values(study), reverse=True)
    assert list(folder.iterdir()) == []


def test_a_damaged_trial_is_left_out_and_named(study, origin, carry, caplog):
    (origin().path / "trials" / "1" / "result.json").write_text("{")
    new, folder, carried = carry(origin())
    assert carried.numbers == {0: 0, 1: 2, 2: 3, 3: 4}
    assert len(values(new)) == 4
    assert read_result(folder / "1").number == 1
    assert "Trial 1 is not carried over" in caplog.text


def test_the_log_of_what_was_carried_names_the_run(origin, carry):
    _, _, carried = carry(origin())
    assert carried.to_json()["run"] == str(origin().path)
    assert Path(carried.to_json()["run"]).is_dir()
