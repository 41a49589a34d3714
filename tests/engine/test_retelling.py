"""Results on the disk that the study has lost, or never heard of: told to it, each under its own number."""

from __future__ import annotations

import pytest
from drawing_space import make_space
from in_process_executor import InProcessExecutor
from optuna.trial import TrialState

from imgcls_automl.engine.loop import run_trials
from imgcls_automl.engine.pruning import choose_pruner
from imgcls_automl.engine.retelling import tell_lost_results
from imgcls_automl.engine.study import counted_trials, running_trials
from imgcls_automl.errors import BrokenPluginError, RunFolderError
from imgcls_automl.executors.messages import WorkerLost

SPACE = make_space("x", "y")


@pytest.fixture
def plan(make_plan):
    return make_plan(4)


@pytest.fixture
def searched(open_file, plan):
    """A study of four trials whose files are on the disk."""
    study = open_file("study.db")
    study.pruner = choose_pruner(epochs=1)
    run_trials(study, InProcessExecutor(SPACE), plan, lambda event: None)
    return study


def describe(study):
    return [
        (trial.number, trial.state, trial.value, trial.params, trial.intermediate_values)
        for trial in study.get_trials()
    ]


def retell(study, plan, space=SPACE):
    return tell_lost_results(study, InProcessExecutor(space), plan.folder)


class TestALostStudy:
    def test_it_is_filled_again_with_numbers_parameters_epochs_and_scores(
        self, searched, open_file, plan
    ):
        empty = open_file("empty.db")
        assert retell(empty, plan) == [0, 1, 2, 3]
        before, after = describe(searched), describe(empty)
        assert [it[:4] for it in after] == [it[:4] for it in before]
        assert [it[4][1] for it in after] == [it[4][1] for it in before]
        assert counted_trials(empty) == 4

    def test_one_that_lost_its_end_gets_that_back(self, searched, open_file, plan):
        shorter = open_file("shorter.db")
        for trial in searched.get_trials()[:2]:
            shorter.add_trial(trial)
        assert retell(shorter, plan) == [2, 3]
        assert [it[:4] for it in describe(shorter)] == [it[:4] for it in describe(searched)]

    def test_a_trial_that_was_under_way_between_others_is_begun_again(
        self, searched, open_file, plan
    ):
        (plan.folder / "1" / "result.json").unlink()
        empty = open_file("empty.db")
        assert retell(empty, plan) == [0, 2, 3]
        assert [trial.number for trial in running_trials(empty)] == [1]

    def test_a_space_that_no_longer_draws_such_parameters_is_told(self, searched, open_file, plan):
        with pytest.raises(RunFolderError, match="does not know: the space no longer draws y") as e:
            retell(open_file("empty.db"), plan, make_space("x"))
        assert "--fork" in str(e.value)


class TestALostWorker:
    """Lost as the space draws again: that says nothing about whether the parameters fit it."""

    def lose(self, times):
        """The space, whose worker is lost so many times first."""
        left = [times]

        def play(task):
            if left[0]:
                left[0] -= 1
                yield WorkerLost(detail="the worker process was killed by SIGKILL")
            yield from SPACE(task)

        return play

    def test_once_it_is_asked_again(self, searched, open_file, plan):
        empty = open_file("empty.db")
        assert retell(empty, plan, self.lose(1)) == [0, 1, 2, 3]
        assert [it[:4] for it in describe(empty)] == [it[:4] for it in describe(searched)]

    def test_twice_it_is_told_and_nothing_is_said_of_the_parameters(
        self, searched, open_file, plan
    ):
        with pytest.raises(BrokenPluginError) as caught:
            retell(open_file("empty.db"), plan, self.lose(2))
        assert "drew the parameters of trial 0 again: the worker process was killed by" in str(
            caught.value
        )


class TestAKnownStudy:
    def test_what_it_knows_is_not_told_twice(self, searched, plan):
        before = describe(searched)
        assert retell(searched, plan) == []
        assert describe(searched) == before

    def test_a_result_written_just_before_the_kill_is_told(self, study, plan):
        study.ask().suggest_float("x", 0.0, 1.0)
        folder = plan.folder / "0"
        folder.mkdir()
        executor = InProcessExecutor(SPACE)
        run_trials(study, executor, plan, lambda event: None)
        trial = study.get_trials()[0]
        assert (trial.state, trial.number) == (TrialState.COMPLETE, 0)

    @pytest.mark.parametrize("name", ["result.json", "candidate.json"])
    def test_a_damaged_file_is_named(self, searched, plan, name):
        path = plan.folder / "2" / name
        path.write_bytes(path.read_bytes()[:30])
        with pytest.raises(RunFolderError, match=rf"trials/2/{name} is damaged") as caught:
            retell(searched, plan)
        assert "--fork" in str(caught.value)

    def test_a_missing_result_is_named(self, searched, plan):
        (plan.folder / "2" / "result.json").unlink()
        with pytest.raises(RunFolderError, match=r"trials/2/result.json is missing"):
            retell(searched, plan)
