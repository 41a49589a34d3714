"""What an earlier process left of a search, and a study that its disk does not take."""

from __future__ import annotations

import resource
import time
import warnings

import optuna
import pytest
from in_process_executor import draw, end, fail, learn, states
from optuna.trial import TrialState

from imgcls_automl.engine.study import ask_trial, ranked_trials
from imgcls_automl.errors import NoTrialSucceededError
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.files import tells_no_room


class TestWhatAnEarlierProcessLeft:
    def test_a_running_trial_is_done_again_as_it_was(self, study, search, make_plan):
        search(learn, make_plan(2))
        trial = ask_trial(study, seed=0, startup=4)
        before = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        executor = search(learn, make_plan(4))
        assert [task.number for task in executor.tasks] == [2, 3]
        params = study.get_trials()[2].params
        assert (params["x"], params["y"]) == before
        assert states(study) == ["COMPLETE"] * 4

    def test_epochs_it_had_reported_are_not_reported_twice(self, study, search, make_plan):
        trial = ask_trial(study, seed=0, startup=4)
        trial.report(0.2, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            search(learn, make_plan(1))
        assert states(study) == ["COMPLETE"]
        assert study.get_trials()[0].intermediate_values[1] == 0.2

    def test_a_checkpoint_beside_a_result_is_of_no_use_any_more(self, study, search, make_plan):
        plan = make_plan(1)
        ask_trial(study, seed=0, startup=4)
        folder = plan.folder / "0"
        folder.mkdir()
        (folder / "checkpoint.npz").write_bytes(b"")
        end(TrialTask(number=0, folder=folder, baseline=False, seed=0, epochs=2, precision="float32", deadline=None),
            score=0.5)  # fmt: skip
        search(learn, plan)
        assert [path.name for path in folder.iterdir()] == ["result.json"]

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_result_the_study_was_not_told_is_told_once(
        self, study, search, make_plan, tmp_path, workers
    ):
        plan = make_plan(4)
        trial = ask_trial(study, seed=0, startup=4)
        trial.suggest_float("x", 0.0, 1.0)
        folder = plan.folder / "0"
        folder.mkdir()
        end(TrialTask(number=0, folder=folder, baseline=False, seed=0, epochs=2, precision="float32", deadline=None),
            score=0.123)  # fmt: skip
        executor = search(learn, plan, workers)
        assert study.get_trials()[0].value == 0.123
        assert sorted(task.number for task in executor.tasks) == [1, 2, 3]
        assert states(study) == ["COMPLETE"] * 4

    def test_the_last_result_untold_ends_the_search(self, study, search, make_plan):
        plan = make_plan(1)
        ask_trial(study, seed=0, startup=4)
        folder = plan.folder / "0"
        folder.mkdir()
        end(TrialTask(number=0, folder=folder, baseline=False, seed=0, epochs=2, precision="float32", deadline=None),
            score=0.5)  # fmt: skip
        assert search(learn, plan).tasks == []
        assert ranked_trials(study)[0].value == 0.5

    def test_a_run_that_only_failed_tells_why_again(self, study, search, make_plan):
        bad = fail("invalid architecture", "ValueError: no such layer")
        for _ in range(2):
            with pytest.raises(NoTrialSucceededError, match=r"3 in a row failed .*\n.*such layer"):
                search(bad, make_plan(3))
        assert len(study.get_trials()) == 3

    def test_failures_before_it_count_where_they_had_not_ended_the_search(
        self, study, search, make_plan
    ):
        bad = fail("invalid architecture")
        with pytest.raises(NoTrialSucceededError):
            search(bad, make_plan(3))
        with pytest.raises(NoTrialSucceededError, match="5 in a row failed"):
            search(bad, make_plan(20))
        assert len(study.get_trials()) == 5

    def test_a_search_that_they_had_ended_is_tried_again(self, study, search, make_plan):
        bad = fail("invalid architecture")
        with pytest.raises(NoTrialSucceededError):
            search(bad, make_plan(20))
        search(learn, make_plan(7))
        assert states(study) == ["PRUNED"] * 5 + ["COMPLETE"] * 2

    @pytest.mark.parametrize("short", [{"count": 1}, {"seconds": 60}], ids=["trials", "time"])
    def test_what_there_is_no_budget_for_waits_for_a_search_that_has_more(
        self, study, search, make_plan, short
    ):
        search(learn, make_plan(1))
        begun = [ask_trial(study, seed=0, startup=4) for _ in range(2)]
        drawn = [trial.suggest_float("x", 0.0, 1.0) for trial in begun]
        begun[0].report(0.2, 1)
        started = time.time() - 100  # more seconds ago than it was given
        assert search(learn, make_plan(**short, started=started)).tasks == []
        assert states(study) == ["COMPLETE", "WAITING", "WAITING"]
        executor = search(learn, make_plan(4))
        assert [task.number for task in executor.tasks] == [1, 2, 3]
        assert states(study) == ["COMPLETE"] * 4
        assert [trial.params["x"] for trial in study.get_trials()[1:3]] == drawn
        assert study.get_trials()[1].intermediate_values[1] == 0.2

    def test_nothing_is_left_running(self, study, search, make_plan):
        for _ in range(3):
            ask_trial(study, seed=0, startup=4)
        search(learn, make_plan(5), workers=2)
        assert {trial.state for trial in study.get_trials()} == {TrialState.COMPLETE}
        assert len(study.get_trials()) == 5


class TestAStudyThatCannotBeKept:
    """Its disk is full in the midst of a trial's draws: no fault of the space."""

    @pytest.fixture
    def fill_disk(self, study, tmp_path):
        """Let no file grow any more, until the test ends or it is called again."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)

        def fill(full=True):
            size = (tmp_path / "study.db-wal").stat().st_size  # what is written next is added to it
            resource.setrlimit(resource.RLIMIT_FSIZE, (size if full else before[0], before[1]))

        yield fill
        fill(full=False)

    def test_it_ends_the_command_and_the_trial_is_done_again(
        self, study, search, make_plan, fill_disk
    ):
        def draw_without_room(task):
            yield draw("x")
            fill_disk()
            answer = yield draw("y")
            assert answer is None, "the space was blamed"

        with pytest.raises(optuna.exceptions.StorageInternalError) as caught:
            search(draw_without_room, make_plan(1))
        assert tells_no_room(caught.value) or "disk I/O error" in str(caught.value.__cause__)
        fill_disk(full=False)
        drawn = study.get_trials()[0].params
        executor = search(learn, make_plan(1))
        assert [task.number for task in executor.tasks] == [0]
        assert study.get_trials()[0].params["x"] == drawn["x"]
        assert states(study) == ["COMPLETE"]

    def test_what_no_database_takes_is_the_space_s_mistake(self, study, search, make_plan):
        answers = []

        def draw_strangely(task):
            answers.append((yield draw(("x", 1))))
            yield end(task, score=0.5)

        search(draw_strangely, make_plan(1))
        assert isinstance(answers[0].error, optuna.exceptions.StorageInternalError)
        assert states(study) == ["COMPLETE"]
