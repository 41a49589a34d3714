"""What a resumed command may spend, and what must not have changed meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgcls_automl.config import RunConfig
from imgcls_automl.errors import ConfigError
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.resuming import find_sources, refuse_change, renew_budget
from imgcls_automl.run_folder import RunFolder
from imgcls_automl.trial_files import write_result


def renewed(config, *, status="interrupted", spent=0.0, reported=True, path="runs/one", **given):
    """The configuration of a run that is resumed."""
    record = {"status": status, "elapsed_seconds": spent, "reported": reported}
    folder = RunFolder(Path(path), record)
    before = RunConfig(space="cnn_small", data=("digits",), **config)
    return renew_budget(before, folder, **{"trials": None, "timeout": None, **given})


def write_results(run, *states):
    """The results of trials that ended in these states, on the disk."""
    for number, state in enumerate(states):
        folder = run / "trials" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        result = TrialResult(
            number=number,
            state=state,
            **{"score": None, "metric": "accuracy", "epoch": None, "epochs": 0},
            **{"planned_epochs": 1, "seconds": 0.0, "parameters": None},
        )
        write_result(folder, result)


def renew(config, **resumed):
    """(trials, seconds of all commands together) of a run that is resumed."""
    after = renewed(config, **resumed)
    return after.trials, after.wall_clock


class TestBudget:
    def test_an_interrupted_run_goes_on_with_what_it_had(self):
        assert renew({"trials": 5}, spent=99) == (5, None)
        assert renew({"trials": 5, "timeout": 600.0}, spent=99) == (5, 600)
        assert renew({}, spent=99) == (None, 1200)

    def test_so_it_does_the_second_time(self):
        # The limit is the run's; it does not shrink each time by all that was spent before.
        assert renew({"timeout": 600.0}, spent=100) == renew({"timeout": 600.0}, spent=300)

    def test_new_trials_are_a_total_within_the_time_it_had(self):
        assert renew({"trials": 5, "timeout": 600.0}, trials=9, spent=100) == (9, 600)
        assert renew({"trials": 5}, trials=9, spent=100) == (9, None)

    def test_the_time_of_a_run_that_was_given_none_does_not_limit_new_trials(self):
        assert renew({}, trials=9, spent=1300) == (9, None)

    def test_new_time_is_for_this_command(self):
        assert renew({"timeout": 600.0}, timeout=60.0, spent=590) == (None, 650)

    def test_new_time_keeps_the_trials_of_a_run_that_has_not_had_them(self):
        assert renew({"trials": 5}, timeout=60.0, spent=10) == (5, 70)

    def test_a_finished_run_searches_on_by_what_is_said_alone(self):
        assert renew({"trials": 5}, timeout=60.0, spent=10, status="complete") == (None, 70)
        limited = {"trials": 5, "timeout": 20.0}
        assert renew(limited, trials=8, spent=19, status="complete") == (8, None)

    def test_patience_is_a_limit_like_the_others(self):
        config = {"trials": 9, "stop_after_no_improvement": 3}
        assert renewed(config).stop_after_no_improvement == 3
        assert renewed(config, patience=5).stop_after_no_improvement == 5
        finished = renewed(config, trials=20, status="complete")
        assert (finished.trials, finished.stop_after_no_improvement) == (20, None)

    def test_a_finished_run_goes_on_with_more_patience_within_its_other_limits(self, tmp_path):
        config = {"trials": 3, "timeout": 600.0, "stop_after_no_improvement": 2}
        finish = {"status": "complete", "spent": 60, "patience": 4, "path": tmp_path}
        write_results(tmp_path, "complete", "infeasible", "pruned")
        after = renewed(config, **finish)
        assert (after.trials, after.wall_clock, after.stop_after_no_improvement) == (3, 600, 4)
        write_results(tmp_path, "complete", "infeasible", "pruned", "failed")
        with pytest.raises(ConfigError, match=r"has had its 3 trials") as caught:
            renewed(config, **finish)
        assert "--trials N" in str(caught.value)
        with pytest.raises(ConfigError, match=r"has spent its time, 601 of 600 s"):
            renewed(config, **{**finish, "spent": 601})

    @pytest.mark.parametrize("config", [{"trials": 5}, {}, {"timeout": 60.0}])
    def test_a_finished_one_has_to_be_told_how_much_more(self, config):
        with pytest.raises(ConfigError, match=r"runs/one has spent its budget") as caught:
            renew(config, spent=10, status="complete")
        assert "--trials N" in str(caught.value)

    def test_one_that_was_killed_before_its_report_has_that_to_do(self):
        assert renew({"trials": 5}, spent=10, status="complete", reported=False) == (5, None)

    @pytest.mark.parametrize("trials", [None, 9])
    def test_one_whose_time_is_up_has_to_be_given_more_of_it(self, trials):
        with pytest.raises(ConfigError, match=r"has spent its time, 61 of 60 s") as caught:
            renew({"timeout": 60.0}, trials=trials, spent=61, status="failed")
        assert "--timeout TIME" in str(caught.value)


class TestSources:
    def find(self, tmp_path, **config):
        record = {"status": "interrupted", "started_in": str(tmp_path)}
        named = RunConfig(**{"space": "cnn_small", "data": ("digits",), **config})
        return find_sources(named, RunFolder(Path("runs/one"), record))

    def test_what_lies_where_the_run_was_started_is_found_from_elsewhere(self, tmp_path):
        for name in ("pets.csv", "held.csv", "space.py", "adapter.py"):
            (tmp_path / name).write_text("")
        found = self.find(
            tmp_path,
            **{"data": ("pets.csv", "digits"), "test_data": "held.csv"},
            **{"space": "space.py:Space", "adapter": "adapter.py:Adapter"},
        )
        assert found.data == (str(tmp_path / "pets.csv"), "digits")
        assert found.test_data == str(tmp_path / "held.csv")
        assert found.space == f"{tmp_path / 'space.py'}:Space"
        assert found.adapter == f"{tmp_path / 'adapter.py'}:Adapter"

    def test_names_and_modules_stay_as_they_are(self, tmp_path):
        found = self.find(tmp_path, space="my_spaces.nets:Wide", adapter="folder")
        assert (found.space, found.adapter) == ("my_spaces.nets:Wide", "folder")
        assert found.data == ("digits",)


class TestChange:
    def test_what_is_the_same_passes(self):
        refuse_change("data", "abc", "abc")

    def test_what_has_changed_is_named_with_both_states(self):
        with pytest.raises(ConfigError) as caught:
            refuse_change("search space", "pack 1.0", "pack 2.0")
        assert "The search space has changed" in str(caught.value)
        assert "it was pack 1.0, and is pack 2.0" in str(caught.value)
