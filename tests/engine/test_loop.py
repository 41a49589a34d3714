"""The search loop: budgets, failures, what an earlier process left, in an executor without processes."""

from __future__ import annotations

import resource
import time
import warnings
from typing import ClassVar

import optuna
import pytest
from in_process_executor import InProcessExecutor, draw, end, learn, tell
from optuna.trial import TrialState

from imgcls_automl.engine.loop import run_trials
from imgcls_automl.engine.pruning import choose_pruner
from imgcls_automl.engine.study import ask_trial, counted_trials, enqueue_baselines, ranked_trials
from imgcls_automl.errors import NoTrialSucceededError
from imgcls_automl.events import SearchStanding, SearchStopped
from imgcls_automl.executors.messages import SuggestCall, TrialStarted, WorkerLost
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.files import tells_no_room, write_csv
from imgcls_automl.plugin import Candidate, ImageTask
from imgcls_automl.trial_files import (
    HISTORY,
    StoredCandidate,
    has_checkpoint,
    read_result,
    write_candidate,
)


@pytest.fixture
def seen():
    return []


@pytest.fixture
def search(study, seen):
    """Search with trials that play out as told; returns the executor."""

    def search(play, plan, workers=1):
        executor = InProcessExecutor(play, workers)
        run_trials(study, executor, plan, seen.append)
        return executor

    return search


def fail(cause, detail="it went wrong"):
    def play(task):
        yield draw("x")
        yield end(task, "failed", cause=cause, detail=detail, epochs=0)

    return play


def in_turn(*plays):
    """The first trial plays out as the first tells, and so on; the last tells for all that follow."""
    return lambda task: plays[min(task.number, len(plays) - 1)](task)


def states(study):
    return [trial.state.name for trial in study.get_trials()]


class TestTrialBudget:
    @pytest.mark.parametrize("workers", [1, 2, 3])
    def test_it_is_reached_exactly(self, study, search, make_plan, workers):
        executor = search(learn, make_plan(7), workers)
        assert states(study) == ["COMPLETE"] * 7
        assert sorted(task.number for task in executor.tasks) == list(range(7))

    def test_it_counts_failed_and_pruned_trials(self, study, search, make_plan):
        def prune(task):
            yield draw("x")
            yield end(task, "pruned", score=0.1, cause="pruned")

        search(in_turn(fail("invalid architecture"), prune, learn), make_plan(5))
        assert states(study) == ["PRUNED", "PRUNED", "COMPLETE", "COMPLETE", "COMPLETE"]

    def test_it_does_not_count_infeasible_ones(self, study, search, make_plan):
        def refuse(task):
            yield draw("x")
            yield end(task, "infeasible", cause="infeasible", epochs=0)

        search(in_turn(refuse, refuse, learn), make_plan(3))
        assert len(study.get_trials()) == 5
        assert counted_trials(study) == 3

    def test_a_study_that_has_them_all_gets_no_more(self, study, search, make_plan):
        search(learn, make_plan(3))
        assert search(learn, make_plan(3)).tasks == []
        assert len(search(learn, make_plan(5)).tasks) == 2

    def test_baselines_are_told_apart(self, study, search, make_plan):
        enqueue_baselines(study, [{"x": 0.5, "y": 0.5}])
        assert [task.baseline for task in search(learn, make_plan(2)).tasks] == [True, False]

    def test_every_trial_has_a_folder_and_a_seed_of_its_own(self, search, make_plan):
        plan = make_plan(4)
        tasks = search(learn, plan).tasks
        assert [task.folder for task in tasks] == [plan.folder / str(n) for n in range(4)]
        assert all(task.folder.is_dir() for task in tasks)
        assert len({task.seed for task in tasks}) == 4

    def test_the_same_seed_searches_the_same(self, open_file, make_plan, tmp_path):
        scores = []
        for name in ("one.db", "two.db"):
            study = open_file(name)
            plan = make_plan(9, seed=3)
            run_trials(study, InProcessExecutor(learn), plan, lambda event: None)
            scores.append([trial.value for trial in study.get_trials()])
            plan.folder.rename(tmp_path / name.removesuffix(".db"))
            plan.folder.mkdir()
        assert scores[0] == scores[1]


class TestTime:
    def test_no_trial_is_begun_when_the_time_is_up(self, study, search, make_plan):
        with pytest.raises(NoTrialSucceededError, match="No trial finished an epoch") as caught:
            search(learn, make_plan(seconds=60, started=time.time() - 100))
        assert "--timeout" in str(caught.value)
        assert study.get_trials() == []

    def test_a_trial_in_the_middle_is_stopped(self, study, search, make_plan):
        # One epoch tells that a refit of two takes most of the minute.
        def slow(task):
            yield draw("x")
            verdict = yield tell(task, 1, 0.5, seconds=30.0)
            yield end(task, score=0.5, cause=verdict.stop, seconds=30.0)

        search(slow, make_plan(seconds=60, started=time.time() - 31))
        assert study.get_trials()[0].user_attrs["cause"] == "timeout"

    def test_only_the_first_model_may_be_half_trained(self, search, make_plan):
        tasks = search(learn, make_plan(3)).tasks
        assert [task.keep_partial for task in tasks] == [True, False, False]

    def test_trials_know_their_deadline(self, search, make_plan):
        plan = make_plan(2, seconds=1000)
        first, second = search(learn, plan).tasks
        assert plan.budget.started < first.deadline < plan.budget.deadline
        assert first.deadline < second.deadline  # the refit turned out to be short
        assert search(learn, make_plan(3)).tasks[0].deadline is None


class TestPruning:
    def test_a_hopeless_trial_is_stopped_early(self, study, search, make_plan):
        study.pruner = choose_pruner(epochs=6)
        enqueue_baselines(study, [{"x": x, "y": 0} for x in (0.8, 0.9, 0.85, 0.7, 0.01)])
        search(learn, make_plan(5, epochs=6))
        assert states(study) == ["COMPLETE"] * 4 + ["PRUNED"]
        assert len(study.get_trials()[4].intermediate_values) == 2

    def test_one_that_is_trained_again_is_judged_by_its_second_training(
        self, study, search, make_plan
    ):
        """As at half the batch size, where memory was too short for all of it."""

        def try_again(task):
            started = TrialStarted(number=task.number, candidate=Candidate(model={}), parameters=10)
            for best in (0.95, 0.01):
                yield started
                for epoch in (1, 2):
                    verdict = yield tell(task, epoch, best)
            yield end(task, "pruned", score=best, epochs=2, cause=verdict.stop)

        study.pruner = choose_pruner(epochs=6)
        enqueue_baselines(study, [{"x": x, "y": 0} for x in (0.8, 0.9, 0.85, 0.7)])
        search(
            lambda task: (try_again if task.number == 4 else learn)(task), make_plan(5, epochs=6)
        )
        assert study.get_trials()[4].user_attrs["cause"] == "pruned"
        assert study.get_trials()[4].intermediate_values == {1: 0.01, 2: 0.01}


def learn_by_folds(scores, told):
    """Trials of two folds of an epoch each, whose scores by fold are these; notes where each one was told to stop."""

    def play(task):
        yield draw("x")
        for fold, score in enumerate(scores[task.number], start=1):
            verdict = yield tell(task, 1, score, fold=fold, folds=2)
            told.append((task.number, fold, verdict.stop))
            if verdict.stop is not None:
                yield end(task, "pruned", score=score, cause=verdict.stop)
                return
        yield end(task, score=sum(scores[task.number]) / 2, epochs=2)

    return play


class TestFolds:
    SCORES: ClassVar = [(0.9, 0.9), (0.8, 0.8), (0.1, 0.9), (0.9, 0.1)]

    def search(self, study, search, plan):
        told = []
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=2)
        search(learn_by_folds(self.SCORES, told), plan)
        return told

    def test_a_hopeless_first_fold_ends_a_trial_and_a_hopeless_later_one_does_not(
        self, study, search, make_plan
    ):
        told = self.search(study, search, make_plan(4, epochs=1, folds=2))
        assert [it for it in told if it[0] >= 2] == [(2, 1, "pruned"), (3, 1, None), (3, 2, None)]
        assert [trial.value for trial in study.trials] == [0.9, 0.8, 0.1, 0.5]

    def test_the_study_compares_first_folds_alone(self, study, search, make_plan):
        self.search(study, search, make_plan(4, epochs=1, folds=2))
        first = [trial.intermediate_values for trial in study.trials]
        assert first == [{1: 0.9}, {1: 0.8}, {1: 0.1}, {1: 0.9}]

    def test_the_time_may_be_up_between_two_folds(self, study, search, make_plan):
        told = []
        # An epoch of a second tells that the refit needs what is left after the first fold.
        plan = make_plan(seconds=20, started=time.time() - 9, epochs=1, folds=2)
        with pytest.raises(NoTrialSucceededError):
            search(learn_by_folds(self.SCORES, told), plan)
        assert told == [(0, 1, "timeout")]

    def test_retrainings_are_counted_once_a_fold(self, make_plan):
        plan = make_plan(4, top_k=3, folds=5, refit_growth=1.25)
        assert plan.later_trainings == 3 * 5 + 1.25


def test_the_time_of_a_first_epoch_that_compiles_is_forgotten(search, make_plan, seen):
    def compile_first(task):
        for epoch, seconds in ((1, 30.0), (2, 1.0)):
            yield tell(task, epoch, 0.5, seconds=seconds)
        yield end(task, score=0.5, epochs=2, seconds=2.0)

    search(compile_first, make_plan(1, epochs=2, seconds=1000))
    deadlines = [event.deadline for event in seen if isinstance(event, SearchStanding)]
    assert deadlines == sorted(deadlines)
    assert len(set(deadlines)) == 3  # guessed, by the first epoch, by the second and the trial


class TestFailures:
    def test_the_search_goes_on(self, study, search, make_plan):
        search(
            in_turn(
                fail("invalid architecture"),
                fail("not finite"),
                fail("invalid architecture"),
                learn,
            ),
            make_plan(5),
        )
        assert states(study) == ["PRUNED"] * 3 + ["COMPLETE"] * 2
        assert study.get_trials()[1].user_attrs["cause"] == "not finite"

    def test_the_same_one_five_times_ends_it_with_the_cause(self, study, search, make_plan):
        with pytest.raises(NoTrialSucceededError) as caught:
            search(fail("invalid architecture", "ValueError: no such layer"), make_plan(50))
        assert len(study.get_trials()) == 5
        assert str(caught.value) == (
            "No trial succeeded: 5 in a row failed (invalid architecture).\n"
            "The last one, trial 4: ValueError: no such layer"
        )

    def test_different_ones_do_not(self, study, search, make_plan):
        causes = [fail("invalid architecture"), fail("error in training")] * 6
        with pytest.raises(NoTrialSucceededError):
            search(in_turn(*causes), make_plan(12))
        assert len(study.get_trials()) == 12

    def test_a_success_between_them_starts_the_count_anew(self, study, search, make_plan):
        bad = [fail("invalid architecture")] * 4
        search(in_turn(*bad, learn, *bad, learn), make_plan(10))
        assert len(study.get_trials()) == 10

    def test_what_was_reached_before_is_kept(self, study, search, make_plan):
        search(in_turn(learn, fail("invalid architecture")), make_plan(50))
        assert states(study) == ["COMPLETE"] + ["PRUNED"] * 5

    def test_it_says_that_it_stops_before_its_budget_is_spent(self, search, make_plan, seen):
        search(in_turn(learn, fail("invalid architecture")), make_plan(50))
        (stopped,) = [event for event in seen if isinstance(event, SearchStopped)]
        assert (
            stopped.reason
            == "5 trials in a row ended the same way (invalid architecture); more would tell nothing"
        )

    def test_a_worker_that_hangs_is_told_with_its_cause(self, study, search, make_plan):
        def hang(task):
            yield draw("x")
            yield WorkerLost(cause="hang", detail="it made no progress for 180 s")

        plan = make_plan(seconds=1000)
        with pytest.raises(NoTrialSucceededError, match=r"5 in a row failed \(hang\)"):
            search(hang, plan)
        assert study.get_trials()[0].user_attrs["cause"] == "hang"
        assert "no progress for 180 s" in (plan.folder / "0" / "result.json").read_text()

    def test_workers_are_given_the_time_a_trial_has_to_end_at(self, search, make_plan):
        executor = search(learn, make_plan(2, seconds=1000))
        assert executor.deadlines == [task.deadline for task in executor.tasks]
        assert None not in executor.deadlines

    def test_a_space_that_is_infeasible_everywhere_ends_too(self, study, search, make_plan):
        def refuse(task):
            yield draw("x")
            yield end(task, "infeasible", cause="infeasible", detail="too large", epochs=0)

        with pytest.raises(NoTrialSucceededError, match=r"30 candidates in a row .*: too large"):
            search(refuse, make_plan(5))

    def test_infeasible_draws_count_together_whatever_makes_them_so(self, study, search, make_plan):
        def refuse(task):
            yield draw("x")
            causes = ("duplicate", "the same candidate as trial 0"), ("over a limit", "too large")
            cause, detail = causes[task.number % 2]
            yield end(task, "infeasible", cause=cause, detail=detail, epochs=0)

        with pytest.raises(NoTrialSucceededError, match=r"30 candidates .*: too large") as caught:
            search(refuse, make_plan(5))
        assert "Raise the limit" in str(caught.value)
        assert len(study.get_trials()) == 30

    def test_infeasible_draws_between_them_do_not_hide_that_trials_fail_alike(
        self, study, search, make_plan
    ):
        def refuse(task):
            yield draw("x")
            yield end(task, "infeasible", cause="over a limit", detail="too large", epochs=0)

        bad = fail("crash", "the worker process was killed by SIGSEGV")
        with pytest.raises(NoTrialSucceededError, match=r"5 in a row failed \(crash\)") as caught:
            search(in_turn(*[bad, refuse] * 20), make_plan(20))
        assert "trial 8: the worker process was killed by SIGSEGV" in str(caught.value)
        assert len(study.get_trials()) == 9

    def test_failures_between_them_do_not_hide_that_draws_are_infeasible(
        self, study, search, make_plan
    ):
        def refuse(task):
            yield draw("x")
            yield end(task, "infeasible", cause="over a limit", detail="too large", epochs=0)

        rare = [fail("crash"), *[refuse] * 9, fail("hang"), *[refuse] * 9]
        with pytest.raises(NoTrialSucceededError, match="30 candidates in a row were infeasible"):
            search(in_turn(*rare, *rare), make_plan(20))
        assert len(study.get_trials()) == 34

    def test_copies_do_not_hide_why_the_first_one_failed(self, search, make_plan):
        def copy(task):
            yield draw("x")
            yield end(task, "infeasible", cause="duplicate", detail="as trial 0", epochs=0)

        bad = fail("invalid architecture", "ValueError: no such layer")
        with pytest.raises(NoTrialSucceededError, match=r"Trial 0 failed .*: no such layer"):
            search(in_turn(bad, copy), make_plan(5))

    def test_a_lost_worker_is_a_crash_on_record(self, study, search, make_plan, seen):
        def die(task):
            yield draw("x")
            (task.folder / "checkpoint.npz").write_bytes(b"")
            yield WorkerLost(detail="the worker process was killed by SIGKILL")

        plan = make_plan(2)
        search(in_turn(die, learn), plan)
        assert not has_checkpoint(plan.folder / "0")  # its death is final
        assert states(study) == ["PRUNED", "COMPLETE"]
        assert study.get_trials()[0].user_attrs["cause"] == "crash"
        assert "SIGKILL" in (plan.folder / "0" / "result.json").read_text()
        assert any(isinstance(event, WorkerLost) for event in seen)

    def test_a_worker_lost_after_it_wrote_its_result_has_ended_its_trial(
        self, study, search, make_plan
    ):
        def die_at_the_end(task):
            drawn = yield draw("x")
            (task.folder / "best.weights.h5").write_bytes(b"")
            end(task, score=drawn.value)
            (task.folder / "checkpoint.npz").write_bytes(b"")
            yield WorkerLost(detail="the worker process was killed by SIGKILL")

        plan = make_plan(2)
        search(in_turn(die_at_the_end, learn), plan)
        first = study.get_trials()[0]
        assert states(study) == ["COMPLETE", "COMPLETE"]
        assert first.value == first.params["x"]
        assert (plan.folder / "0" / "best.weights.h5").exists()
        assert not has_checkpoint(plan.folder / "0")

    def test_a_wrong_draw_is_raised_where_the_space_made_it(self, search, make_plan):
        answers = []

        def draw_wrongly(task):
            arguments = {"name": "x", "low": 2.0, "high": 1.0, "step": None, "log": False}
            answers.append((yield SuggestCall(method="suggest_float", arguments=arguments)))
            yield end(task, score=0.5)

        search(draw_wrongly, make_plan(1))
        assert isinstance(answers[0].error, ValueError)


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


def test_observers_are_told_of_epochs_and_results(search, make_plan, seen):
    search(learn, make_plan(2, epochs=3))
    kinds = [type(event).__name__ for event in seen]
    told = [kind for kind in kinds if kind != "SearchStanding"]
    assert told == (["EpochReport"] * 3 + ["TrialResult"]) * 2


def test_observers_are_told_where_the_search_stands(search, make_plan, seen):
    search(learn, make_plan(3, epochs=2, seconds=1000))
    standings = [event for event in seen if isinstance(event, SearchStanding)]
    results = [event for event in seen if isinstance(event, TrialResult)]
    assert [it.counted for it in standings if it.counted] == [1, 2, 3]
    assert standings[0].best_trial is None
    assert standings[-1].best_score == max(result.score for result in results)
    # While no epoch has been timed, a guessed share is kept back for the refit.
    assert standings[0].deadline < standings[-1].deadline


LATE = WorkerLost(cause="timeout", detail="it did not end 30 s after its time was up")
NO_MEMORY = WorkerLost(cause="out of memory", detail="it took 9 GB of memory")


class TestATrialThatIsOvertakenByTheClock:
    """It looks at the clock too seldom, and its worker is ended long after its time was up."""

    def be_late(self, task):
        yield draw("x")
        yield tell(task, 1, 0.4)
        yield tell(task, 2, 0.3)
        rows = [(1, 5.0, 0.4), (2, 5.0, 0.3)]
        write_csv(task.folder / HISTORY, ("epoch", "seconds", "val_accuracy"), rows)
        yield LATE

    def test_it_is_pruned_with_what_it_had_reached(self, study, search, make_plan):
        plan = make_plan(2, epochs=3)
        search(in_turn(learn, self.be_late), plan)
        result = read_result(plan.folder / "1")
        assert (result.state, result.cause) == ("pruned", "timeout")
        assert (result.score, result.epoch, result.epochs) == (0.4, 1, 2)
        assert result.metrics == {"val_accuracy": 0.4}

    def test_the_sampler_does_not_take_its_candidate_to_be_infeasible(
        self, study, search, make_plan
    ):
        search(in_turn(learn, self.be_late), make_plan(2, epochs=3))
        late = study.get_trials()[1]
        assert late.state == TrialState.PRUNED
        assert late.constraints == {}

    def test_without_another_model_its_checkpoint_becomes_one(self, study, search, make_plan):
        def play(task):
            if task.lost is not None:
                yield end(task, score=0.4, epochs=2, cause="timeout")
            (task.folder / "checkpoint.npz").write_bytes(b"")
            yield from self.be_late(task)

        executor = search(play, make_plan(1, epochs=3))
        assert [task.lost for task in executor.tasks] == [None, LATE]
        assert states(study) == ["COMPLETE"]
        assert study.get_trials()[0].value == 0.4

    def test_that_is_tried_once(self, study, search, make_plan):
        def play(task):
            (task.folder / "checkpoint.npz").write_bytes(b"")
            yield LATE

        with pytest.raises(NoTrialSucceededError, match="No trial finished an epoch"):
            search(play, make_plan(1))
        assert states(study) == ["PRUNED"]


def keep_candidate(task):
    """What a worker leaves of a trial once its candidate is drawn."""
    image_task = ImageTask(image_shape=(8, 8, 1), class_names=("a", "b"), class_counts=(9, 9))
    candidate = Candidate(model={"number": task.number})
    fields = {"number": task.number, "params": {}, "baseline": False, "task": image_task}
    write_candidate(task.folder, StoredCandidate(candidate=candidate, **fields))


class TestATrialWhoseWorkerTookTooMuchMemory:
    def test_it_is_given_to_another_worker_once(self, study, search, make_plan, seen):
        def play(task):
            if task.lost is None:
                yield draw("x")
                keep_candidate(task)
                yield NO_MEMORY
            yield end(task, score=0.5, batch_size=64)

        executor = search(play, make_plan(2))
        assert [(task.number, task.lost) for task in executor.tasks] == [
            (0, None), (0, NO_MEMORY), (1, None), (1, NO_MEMORY)]  # fmt: skip
        assert states(study) == ["COMPLETE"] * 2
        assert [event for event in seen if isinstance(event, WorkerLost)] == [NO_MEMORY] * 2

    def test_the_second_time_it_has_failed(self, study, search, make_plan):
        def play(task):
            if task.number:
                yield from learn(task)
            keep_candidate(task)
            yield NO_MEMORY

        plan = make_plan(2)
        executor = search(play, plan)
        assert [task.number for task in executor.tasks] == [0, 0, 1]
        assert read_result(plan.folder / "0").cause == "out of memory"

    def test_without_a_candidate_there_is_no_batch_to_halve(self, search, make_plan):
        def play(task):
            if task.number == 0:
                yield NO_MEMORY
            yield from learn(task)

        assert [task.number for task in search(play, make_plan(2)).tasks] == [0, 1]


def test_a_lost_worker_s_trial_is_told_as_failed(search, make_plan, seen):
    def die_once(task):
        if task.number == 0:
            yield WorkerLost(detail="the worker process was killed by SIGKILL")
        yield from learn(task)

    search(die_once, make_plan(2))
    results = [(event.number, event.cause) for event in seen if isinstance(event, TrialResult)]
    assert results == [(0, "crash"), (1, None)]
