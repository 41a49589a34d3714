"""The search loop: budgets, time, pruning, folds and failures, in an executor without processes."""

from __future__ import annotations

import time
from typing import ClassVar

import optuna
import pytest
from in_process_executor import InProcessExecutor, draw, end, fail, in_turn, learn, states, tell

from imgcls_automl.engine.loop import run_trials
from imgcls_automl.engine.pruning import choose_pruner
from imgcls_automl.engine.study import counted_trials, enqueue_baselines
from imgcls_automl.errors import NoTrialSucceededError
from imgcls_automl.events import SearchStanding, SearchStopped
from imgcls_automl.executors.messages import SuggestCall, TrialStarted, WorkerLost
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.plugin import Candidate


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

    def test_a_wrong_draw_is_raised_where_the_space_made_it(self, search, make_plan):
        answers = []

        def draw_wrongly(task):
            arguments = {"name": "x", "low": 2.0, "high": 1.0, "step": None, "log": False}
            answers.append((yield SuggestCall(method="suggest_float", arguments=arguments)))
            yield end(task, score=0.5)

        search(draw_wrongly, make_plan(1))
        assert isinstance(answers[0].error, ValueError)


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
