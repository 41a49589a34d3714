"""Baselines and refit: tasks that a worker does beside trials, also where it dies on them."""

from __future__ import annotations

import time

import pytest
from in_process_executor import InProcessExecutor

from imgcls_automl.engine.baselines import ask_baselines
from imgcls_automl.engine.budget import CLOSING_SECONDS
from imgcls_automl.engine.refitting import run_refit
from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.messages import Baselines, EpochReport, WorkerLost
from imgcls_automl.executors.results import RefitResult
from imgcls_automl.executors.tasks import Composition

LOST = WorkerLost(detail="the worker process exited with code 3")


def report(epoch, epochs):
    metrics = {"loss": 1.0, "accuracy": 0.5}
    return EpochReport(
        number=None, epoch=epoch, epochs=epochs, seconds=1.0, score=None, metrics=metrics
    )


class TestBaselines:
    def test_they_are_the_space_s_own(self):
        def answer(task):
            yield Baselines(parameters=[{"x": 1}, {"x": 2}])

        assert ask_baselines(InProcessExecutor(answer)) == [{"x": 1}, {"x": 2}]

    def test_a_worker_that_is_lost_once_may_have_been_killed_by_chance(self):
        endings = [LOST, Baselines(parameters=[{"x": 1}])]

        def answer(task):
            yield endings.pop(0)

        assert ask_baselines(InProcessExecutor(answer)) == [{"x": 1}]

    def test_two_that_they_kill_are_the_plugin_s_fault(self):
        def die(task):
            yield LOST

        executor = InProcessExecutor(die)
        with pytest.raises(BrokenPluginError) as caught:
            ask_baselines(executor)
        assert "lost twice (crash) as the search space was asked for its baselines()" in str(
            caught.value
        )
        assert "the worker process exited with code 3" in str(caught.value)
        assert len(executor.tasks) == 2

    def test_one_that_hung_is_not_waited_for_again(self):
        def hang(task):
            yield WorkerLost(cause="hang", detail="it made no progress for 900 s")

        executor = InProcessExecutor(hang)
        with pytest.raises(BrokenPluginError, match=r"was lost \(hang\) .* for 900 s"):
            ask_baselines(executor)
        assert len(executor.tasks) == 1


class TestRefit:
    def refit(self, play, plan, tmp_path, epochs=3):
        executor, seen = InProcessExecutor(play), []
        result = run_refit(
            executor,
            plan,
            number=4,
            epochs=epochs,
            pacing=None,
            closing=CLOSING_SECONDS,
            flips=True,
            composition=Composition(),
            best=tmp_path,
            observe=seen.append,
        )
        return result, executor.tasks, seen

    def train(self, task):
        for epoch in range(1, task.epochs + 1):
            verdict = yield report(epoch, task.epochs)
            if verdict.stop is not None:
                yield RefitResult(epochs=0, seconds=1.0, metrics={})
                return
        yield RefitResult(epochs=task.epochs, seconds=1.0, metrics={})

    def test_its_epochs_are_shown(self, make_plan, tmp_path):
        result, tasks, seen = self.refit(self.train, make_plan(1), tmp_path)
        assert result.epochs == 3
        assert [event.epoch for event in seen if isinstance(event, EpochReport)] == [1, 2, 3]
        assert (tasks[0].number, tasks[0].trial_folder.name, tasks[0].folder) == (4, "4", tmp_path)
        assert tasks[0].flips

    def test_a_worker_that_dies_on_it_is_replaced_by_one_that_goes_on(self, make_plan, tmp_path):
        tries = iter((True, False))

        def die_once(task):
            if next(tries):
                (task.folder / "checkpoint.npz").write_bytes(b"")
                yield LOST
            assert (task.folder / "checkpoint.npz").is_file()
            yield from self.train(task)

        result, tasks, _ = self.refit(die_once, make_plan(1), tmp_path)
        assert [task.epochs for task in tasks] == [3, 3]
        assert result.epochs == 3

    def test_workers_that_all_die_on_it_leave_the_trial_s_own_weights(self, make_plan, tmp_path):
        def die(task):
            if task.epochs:
                yield LOST
            yield from self.train(task)

        result, tasks, _ = self.refit(die, make_plan(1), tmp_path)
        assert [task.epochs for task in tasks] == [3, 3, 0]
        assert result.epochs == 0

    def test_dying_on_those_too_is_an_error(self, make_plan, tmp_path):
        def die(task):
            yield LOST

        with pytest.raises(BrokenPluginError, match="refitted trial 4"):
            self.refit(die, make_plan(1), tmp_path)

    def test_it_is_stopped_when_the_time_is_up(self, make_plan, tmp_path):
        plan = make_plan(seconds=60, started=time.time() - 100)
        result, _, seen = self.refit(self.train, plan, tmp_path)
        assert result.epochs == 0
        assert sum(isinstance(event, EpochReport) for event in seen) == 1

    def test_a_machine_that_tests_the_model_slowly_is_not_taken_to_hang(self, make_plan, tmp_path):
        def die_once(task):
            if task.epochs:
                yield LOST
            yield from self.train(task)

        plan, executor = make_plan(seconds=600), InProcessExecutor(die_once)
        run_refit(
            executor,
            plan,
            number=4,
            epochs=3,
            pacing=None,
            closing=40.0,
            flips=False,
            composition=Composition(),
            best=tmp_path,
            observe=lambda event: None,
        )
        assert executor.tasks[0].deadline == plan.budget.deadline - 20
        assert executor.deadlines == [plan.budget.deadline + 60] * 2 + [None]

    def test_of_a_worker_that_hangs_it_is_not_tried_again(self, make_plan, tmp_path):
        def hang_once(task):
            if task.epochs:
                yield WorkerLost(cause="hang", detail="its training made no progress for 300 s")
            yield RefitResult(epochs=0, seconds=0.0, metrics={})

        plan = make_plan(seconds=60, started=time.time() - 100)
        result, tasks, _ = self.refit(hang_once, plan, tmp_path)
        assert [task.epochs for task in tasks] == [3, 0]
        assert result.epochs == 0
