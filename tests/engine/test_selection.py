"""The winner is who does well when trained again, not who was lucky once; and nothing that goes wrong decides it."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace

import numpy as np
import pytest
from in_process_executor import InProcessExecutor, end, keep_weights

from imgcls_automl.config import Preset
from imgcls_automl.engine.budget import Budget
from imgcls_automl.engine.opinions import list_opinions
from imgcls_automl.engine.pace import Pace
from imgcls_automl.engine.planning import fit_to_time
from imgcls_automl.engine.selection import select_winner
from imgcls_automl.engine.study import tell_result
from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.events import SelectionBegun, TrainingBegun, TrainingEnded
from imgcls_automl.executors.messages import EpochReport, WorkerLost
from imgcls_automl.executors.results import RetrainResult
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.trial_files import opinion_file, write_ending

MEDIUM = Preset(epochs=12, top_k=3, seeds=1)
BEST = Preset(epochs=24, top_k=3, seeds=3)


def retrained(task, score, flipped=None, *, loss=0.3, flipped_loss=0.4):
    """What a worker says at the end of a retraining; mirrored pictures do not help unless they are said to."""
    return RetrainResult(
        number=task.number,
        seed=task.seed,
        score=score,
        flipped_score=score if flipped is None else flipped,
        loss=loss,
        flipped_loss=flipped_loss,
        epochs=task.epochs,
        seconds=1.0,
    )


def play(scores):
    """Workers that reach these scores, by trial."""

    def retrain(task):
        yield retrained(task, scores[task.number])

    return retrain


@pytest.fixture
def searched(open_file, make_plan):
    """A study of finished trials with these scores, and a plan; an epoch took a second."""

    def make(scores, **plan):
        plan = make_plan(**plan)
        study = open_file(metric=plan.metric)
        for score in scores:
            trial = study.ask()
            folder = plan.folder / str(trial.number)
            keep_weights(folder, "best.weights.h5" if plan.folds == 1 else "fold-1.weights.h5")
            task = TrialTask(
                number=trial.number,
                folder=folder,
                baseline=False,
                seed=0,
                epochs=plan.epochs,
                precision="float32",
                deadline=None,
            )
            tell_result(
                study, trial, end(task, score=score, epochs=plan.epochs, seconds=plan.epochs)
            )
        return study, plan

    return make


@pytest.fixture
def select(searched):
    """Select by retrainings that play out as told: the selection, and the tasks that were given."""

    def select(play, scores, *, observe=lambda event: None, workers=1, own_devices=1, **plan):
        study, plan = searched(scores, workers=own_devices, **plan)
        executor = InProcessExecutor(play, workers)
        return select_winner(study, executor, plan, observe), executor.tasks

    return select


class TestWinner:
    def test_a_candidate_that_was_lucky_in_the_search_loses(self, select):
        chosen, tasks = select(play({0: 0.90, 1: 0.93, 2: 0.91}), [0.99, 0.95, 0.94], top_k=3)
        assert chosen.winner.trial == 1
        assert chosen.retrained
        assert [task.epochs for task in tasks] == [2, 2, 2]

    def test_only_the_best_of_the_search_contend(self, select):
        chosen, tasks = select(play({1: 0.9, 2: 0.8}), [0.1, 0.9, 0.8, 0.2], top_k=2)
        assert [task.number for task in tasks] == [1, 2]
        assert [contender.trial for contender in chosen.contenders] == [1, 2]

    def test_the_mean_of_the_seeds_decides(self, select):
        draws = {0: iter((0.99, 0.80)), 1: iter((0.92, 0.91))}

        def retrain(task):
            yield retrained(task, next(draws[task.number]))

        chosen, tasks = select(retrain, [0.95, 0.94], top_k=2, seeds=2)
        assert chosen.winner.trial == 1
        assert chosen.winner.score == pytest.approx(0.915)
        assert len({task.seed for task in tasks}) == 4
        assert len({task.folder for task in tasks}) == 4

    def test_equal_ones_are_won_by_the_better_in_the_search(self, select):
        chosen, _ = select(play({0: 0.9, 1: 0.9}), [0.94, 0.95], top_k=2)
        assert chosen.winner.trial == 1

    def test_the_lower_log_loss_wins(self, select):
        chosen, _ = select(play({0: 0.4, 1: 0.2}), [0.1, 0.3], top_k=2, metric="log_loss")
        assert chosen.winner.trial == 1

    def test_one_candidate_with_one_seed_is_not_trained_again(self, select):
        chosen, tasks = select(play({1: 0.9}), [0.8, 0.9])
        assert (chosen.winner.trial, chosen.retrained) == (1, False)
        assert [(task.number, task.epochs) for task in tasks] == [(1, 0)]

    @pytest.mark.parametrize(("ensemble", "trainings"), [(False, 0), (True, 3)])
    def test_the_only_one_of_several_is_trained_again_for_an_ensemble_alone(
        self, select, ensemble, trainings
    ):
        seen = []
        wanted = {"top_k": 3, "seeds": 3, "ensemble": ensemble}
        chosen, tasks = select(play({0: 0.9}), [0.9], observe=seen.append, **wanted)
        assert sum(task.epochs > 0 for task in tasks) == trainings
        assert chosen.retrained is ensemble
        assert not seen[0].fewer  # it is not the time that was too short

    def test_several_workers_share_the_work(self, select):
        chosen, tasks = select(play({0: 0.7, 1: 0.9, 2: 0.8}), [0.9, 0.8, 0.7], top_k=3, workers=2)
        assert chosen.winner.trial == 1
        assert [contender.trial for contender in chosen.contenders] == [0, 1, 2]
        assert len(tasks) == 3


class TestFlips:
    def choose(self, select, metric="accuracy", **result):
        def retrain(task):
            yield retrained(task, **result)

        chosen, _ = select(retrain, [0.5], metric=metric)
        return chosen.winner

    def test_they_are_used_where_they_help_the_loss_and_do_not_hurt_the_score(self, select):
        winner = self.choose(select, score=0.9, flipped=0.9, loss=0.3, flipped_loss=0.2)
        assert winner.flips

    def test_the_winner_s_score_is_then_the_one_with_flips(self, select):
        winner = self.choose(select, score=0.9, flipped=0.92, loss=0.3, flipped_loss=0.2)
        assert (winner.flips, winner.score) == (True, 0.92)

    @pytest.mark.parametrize(
        ("flipped", "flipped_loss"),
        [(0.89, 0.2), (0.92, 0.31)],
        ids=["they hurt the score", "they hurt the loss"],
    )
    def test_they_are_not_used_otherwise(self, select, flipped, flipped_loss):
        winner = self.choose(
            select, score=0.9, flipped=flipped, loss=0.3, flipped_loss=flipped_loss
        )
        assert (winner.flips, winner.score) == (False, 0.9)

    @pytest.mark.parametrize(("flipped", "used"), [(0.2, True), (0.4, False)])
    def test_a_lower_log_loss_is_a_help(self, select, flipped, used):
        winner = self.choose(
            select,
            metric="log_loss",
            score=0.3,
            flipped=flipped,
            loss=0.3,
            flipped_loss=flipped,
        )
        assert winner.flips is used

    def test_each_contender_is_judged_with_what_suits_it(self, select):
        def retrain(task):
            helps = task.number == 1
            yield retrained(
                task, 0.9, 0.95 if helps else 0.7, loss=0.3, flipped_loss=0.2 if helps else 0.5
            )

        chosen, _ = select(retrain, [0.95, 0.94], top_k=2)
        assert chosen.winner.trial == 1
        assert [contender.flips for contender in chosen.contenders] == [False, True]


class TestShortTime:
    """An epoch takes a second: a contender 2 s, the refit 2.5 s, and 10 s for closing."""

    @pytest.fixture(autouse=True)
    def standing_clock(self, monkeypatch):
        """No second passes while these tests run: a busy machine changes nothing."""
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now)

    @pytest.mark.parametrize(
        ("seconds", "trainings"), [(3600, 3), (19, 3), (18, 2), (15, 1), (5, 1)]
    )
    def test_fewer_are_retrained(self, select, seconds, trainings):
        scores = {0: 0.9, 1: 0.8, 2: 0.7}
        seen = []
        _, tasks = select(
            play(scores), list(scores.values()), observe=seen.append, top_k=3, seconds=seconds
        )
        assert len(tasks) == trainings
        assert seen[0] == SelectionBegun(trials=[0, 1, 2][:trainings], seeds=1, fewer=trainings < 3)
        assert all(task.epochs == (0 if trainings == 1 else 2) for task in tasks)

    @pytest.mark.parametrize(("seconds", "trainings"), [(60, 3), (35, 2), (25, 1)])
    def test_a_retraining_over_folds_costs_one_training_a_fold(self, select, seconds, trainings):
        scores = {0: 0.9, 1: 0.8, 2: 0.7}
        values = list(scores.values())
        _, tasks = select(play(scores), values, top_k=3, folds=4, seconds=seconds)
        assert len(tasks) == trainings

    @pytest.mark.parametrize(("seconds", "trainings"), [(17, 3), (15, 2), (14, 1)])
    def test_those_on_devices_of_their_own_take_the_time_of_one(self, select, seconds, trainings):
        scores = {0: 0.9, 1: 0.8, 2: 0.7}
        several = {"workers": 2, "top_k": 3, "seconds": seconds}
        _, tasks = select(play(scores), list(scores.values()), own_devices=2, **several)
        assert len(tasks) == trainings

    @pytest.mark.parametrize(
        ("seconds", "chosen"),
        [(35, (3, 3)), (29, (3, 2)), (22, (3, 1)), (18, (2, 1)), (16, (1, 1)), (5, (1, 1))],
    )
    def test_seeds_are_given_up_before_candidates(self, select, seconds, chosen):
        """One candidate trained three times would take as long as three once, and choose nothing."""
        seen, scores = [], {0: 0.9, 1: 0.8, 2: 0.7}
        limits = {"top_k": 3, "seeds": 3, "seconds": seconds}
        select(play(scores), list(scores.values()), observe=seen.append, **limits)
        assert (len(seen[0].trials), seen[0].seeds) == chosen
        assert seen[0].fewer is (chosen != (3, 3))

    @pytest.mark.parametrize("preset", [MEDIUM, BEST])
    @pytest.mark.parametrize("ensemble", [False, True])
    @pytest.mark.parametrize("late", [0.0, 2.0])
    def test_what_is_planned_is_done_where_the_search_ends_at_its_deadline(
        self, searched, monkeypatch, preset, ensemble, late
    ):
        """Its last trial takes a moment to end."""
        scores, seen = {0: 0.9, 1: 0.8, 2: 0.7}, []
        study, searched_by = searched(list(scores.values()), epochs=preset.epochs)
        for seconds in range(40, 1000, 20):
            budget = Budget(trials=None, started=1e9, seconds=seconds)
            plan = replace(searched_by, budget=budget, ensemble=ensemble)
            made = fit_to_time(
                preset,
                **{"epochs": preset.epochs, "epoch_seconds": 1.0, "seconds": seconds},
                later_seconds=budget.later_seconds,
                refit_growth=plan.refit_growth,
                ensemble=ensemble,
            )
            plan = replace(plan, epochs=made.epochs, top_k=made.top_k, seeds=made.seeds)
            pace = Pace(plan)
            pace.note_epoch(1.0)
            ended = itertools.repeat(pace.deadline() + late)
            monkeypatch.setattr(time, "time", ended.__next__)
            select_winner(study, InProcessExecutor(play(scores)), plan, seen.append)
            begun = next(event for event in reversed(seen) if isinstance(event, SelectionBegun))
            assert (len(begun.trials), begun.seeds) == (made.top_k, made.seeds), seconds

    def test_they_share_the_time_before_the_refit(self, select):
        scores = {0: 0.9, 1: 0.8, 2: 0.7}
        _, tasks = select(play(scores), list(scores.values()), top_k=3, seconds=100)
        ends = [task.pacing.until - time.time() for task in tasks]
        before_the_refit = 100 - 10 - 2.5 * 1.15
        assert ends == pytest.approx([before_the_refit * part / 3 for part in (1, 2, 3)])
        assert [task.pacing.epoch_seconds for task in tasks] == [1.0, 1.0, 1.0]

    def test_without_a_time_limit_nothing_is_paced(self, select):
        _, tasks = select(play({0: 0.9, 1: 0.8}), [0.9, 0.8], top_k=2)
        assert [task.pacing for task in tasks] == [None, None]

    def test_trainings_are_told_to_end_with_the_time(self, select):
        _, tasks = select(play({0: 0.9}), [0.9], seconds=100)
        assert tasks[0].deadline is not None


class TestWhatGoesWrong:
    def test_a_candidate_whose_worker_is_lost_cannot_win(self, select):
        def retrain(task):
            if task.number == 0:
                yield WorkerLost(detail="killed by SIGKILL")
            yield retrained(task, 0.7)

        chosen, _ = select(retrain, [0.95, 0.9], top_k=2)
        assert chosen.winner.trial == 1
        assert [contender.trial for contender in chosen.contenders] == [1]

    def test_a_training_without_a_score_does_not_count(self, select):
        draws = iter((None, 0.9, 0.8, 0.8))

        def retrain(task):
            yield retrained(task, next(draws))

        chosen, _ = select(retrain, [0.95, 0.9], top_k=2, seeds=2)
        assert (chosen.winner.trial, chosen.winner.score) == (0, 0.9)
        assert len(chosen.winner.results) == 1

    def test_a_diverged_loss_never_reaches_the_record(self, select):
        def retrain(task):
            if task.number == 0:
                yield retrained(task, None, loss=float("nan"), flipped_loss=float("nan"))
            yield retrained(task, 0.8)

        chosen, _ = select(retrain, [0.95, 0.9], top_k=2)
        assert json.dumps(chosen.to_json(), allow_nan=False)

    @pytest.mark.parametrize("lost", [True, False])
    def test_where_no_retraining_ends_the_best_trial_wins_as_it_is(self, select, lost):
        def retrain(task):
            if task.epochs and lost:
                yield WorkerLost(detail="killed by SIGKILL")
            yield retrained(task, None if task.epochs else 0.9)

        chosen, tasks = select(retrain, [0.8, 0.9], top_k=2)
        assert (chosen.winner.trial, chosen.retrained) == (1, False)
        tried = [1, 1, 0, 0] if lost else [1, 0]  # a worker that dies is replaced once
        assert [(it.number, it.epochs) for it in tasks] == [*((it, 2) for it in tried), (1, 0)]

    def test_a_worker_that_is_lost_on_it_is_replaced_once(self, select):
        draws = iter((True, False))

        def die_once(task):
            if next(draws):
                yield WorkerLost(detail="killed by SIGKILL")
            yield retrained(task, 0.9)

        chosen, tasks = select(die_once, [0.8, 0.9])
        assert chosen.winner.trial == 1
        assert [task.epochs for task in tasks] == [0, 0]

    def test_where_every_worker_is_lost_it_is_said_which_trial_and_where_to_look(self, select):
        def die(task):
            yield WorkerLost(detail="killed by SIGKILL")

        with pytest.raises(BrokenPluginError, match=r"trial 1's validation(.|\n)*log\.txt"):
            select(die, [0.8, 0.9], top_k=2)


class TestAfterAKill:
    def test_retrainings_with_a_result_are_not_done_again(self, searched):
        study, plan = searched([0.9, 0.8], top_k=2, seeds=2)
        done = []

        def retrain(task):
            result = retrained(task, 0.5 + task.number / 10 + len(done) / 100)
            write_ending(task, result)
            done.append((task.number, task.seed))
            if len(done) == 3:
                raise KeyboardInterrupt
            yield result

        def make_folders(task):
            task.folder.mkdir()
            return retrain(task)

        with pytest.raises(KeyboardInterrupt):
            select_winner(study, InProcessExecutor(make_folders), plan, lambda event: None)
        resumed = InProcessExecutor(make_folders)
        selection = select_winner(study, resumed, plan, lambda event: None)
        assert len(done) == len(set(done)) == 4
        assert len(resumed.tasks) == 1
        assert [len(contender.results) for contender in selection.contenders] == [2, 2]
        assert selection.winner.trial == 1

    def test_they_take_no_more_time(self, searched):
        study, plan = searched([0.9, 0.8], top_k=2, seeds=1, seconds=1000)

        def retrain(task):
            task.folder.mkdir()
            result = retrained(task, 0.5)
            write_ending(task, result)
            yield result

        select_winner(study, InProcessExecutor(retrain), plan, lambda event: None)
        # With little time left, all are judged nevertheless.
        late = replace(plan, budget=replace(plan.budget, seconds=20))
        selection = select_winner(study, InProcessExecutor(retrain), late, lambda event: None)
        assert len(selection.contenders) == 2

    @pytest.mark.parametrize(("seconds", "again"), [(1000, 2), (12, 0)])
    def test_a_shortened_one_is_done_again_where_there_is_time(self, searched, seconds, again):
        study, plan = searched([0.9, 0.8], top_k=2, seeds=1, seconds=12)

        def shorten(task):
            task.folder.mkdir(exist_ok=True)
            result = replace(retrained(task, 0.5), epochs=1, shortened=True)
            write_ending(task, result)
            yield result

        select_winner(study, InProcessExecutor(shorten), plan, lambda event: None)
        resumed = InProcessExecutor(play({0: 0.6, 1: 0.7}))
        later = replace(plan, budget=replace(plan.budget, started=time.time(), seconds=seconds))
        select_winner(study, resumed, later, lambda event: None)
        assert len(resumed.tasks) == again

    @pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
    def test_one_whose_answers_are_cut_short_is_done_again(self, searched, share):
        study, plan = searched([0.9, 0.8], top_k=2, seeds=1)

        def retrain(task):
            task.folder.mkdir(exist_ok=True)
            answers = np.zeros((50, 4), "float32")
            with opinion_file(task.trial_folder, task.seed).open("wb") as file:
                np.savez(file, labels=np.zeros(50, int), plain=answers, flipped=answers)
            result = retrained(task, 0.5)
            write_ending(task, result)
            yield result

        select_winner(study, InProcessExecutor(retrain), plan, lambda event: None)
        (answers,) = (plan.folder / "1").glob("validation-*.npz")
        answers.write_bytes(answers.read_bytes()[: int(share * answers.stat().st_size)])
        resumed = InProcessExecutor(retrain)
        selection = select_winner(study, resumed, plan, lambda event: None)
        assert [task.number for task in resumed.tasks] == [1]
        assert len(list_opinions(selection, plan.folder)) == 2

    def test_a_training_whose_worker_died_goes_on_from_its_checkpoint(self, searched):
        study, plan = searched([0.9, 0.8], top_k=2, seeds=1)
        found = []

        def retrain(task):
            checkpoint = task.folder / "checkpoint.npz"
            found.append((task.number, checkpoint.is_file()))
            if found == [(0, False)]:
                task.folder.mkdir()
                checkpoint.write_bytes(b"")
                yield WorkerLost(cause="lost worker", detail="exited with code 0")
            yield retrained(task, 0.5)

        chosen = select_winner(study, InProcessExecutor(retrain), plan, lambda event: None)
        assert found == [(0, False), (0, True), (1, False)]
        assert [len(contender.results) for contender in chosen.contenders] == [1, 1]

    @pytest.mark.parametrize("cause", ["hang", "out of memory"])
    def test_what_would_only_come_again_is_not_tried_again(self, searched, cause):
        study, plan = searched([0.9, 0.8], top_k=2, seeds=1)

        def retrain(task):
            if task.number == 0:
                yield WorkerLost(cause=cause, detail="ended")
            yield retrained(task, 0.5)

        executor = InProcessExecutor(retrain)
        select_winner(study, executor, plan, lambda event: None)
        assert [task.number for task in executor.tasks] == [0, 1]

    def test_a_result_written_before_its_worker_was_lost_counts(self, searched):
        study, plan = searched([0.9, 0.8], top_k=2, seeds=1)

        def retrain(task):
            task.folder.mkdir()
            write_ending(task, retrained(task, 0.5 + task.number))
            yield WorkerLost(detail="killed by SIGKILL")

        executor = InProcessExecutor(retrain)
        chosen = select_winner(study, executor, plan, lambda event: None)
        assert [task.number for task in executor.tasks] == [0, 1]
        assert (chosen.winner.trial, chosen.winner.score) == (1, 1.5)

    def test_a_checkpoint_that_two_workers_died_on_is_removed(self, searched):
        study, plan = searched([0.9, 0.8], top_k=2, seeds=1)

        def retrain(task):
            if task.number == 0:
                task.folder.mkdir(exist_ok=True)
                (task.folder / "checkpoint.npz").write_bytes(b"")
                yield WorkerLost(detail="killed by SIGKILL")
            yield retrained(task, 0.5)

        select_winner(study, InProcessExecutor(retrain), plan, lambda event: None)
        assert list((plan.folder / "0" / "retrained-0").iterdir()) == []


class TestWhatIsTold:
    def watch(self, select, play, **plan):
        seen = []
        select(play, [0.9, 0.8], observe=seen.append, **plan)
        return seen

    def test_each_training_is_named_from_its_begin_to_its_end(self, select):
        def retrain(task):
            for epoch in (1, 2):
                yield EpochReport(
                    number=None, epoch=epoch, epochs=2, seconds=1.0, score=0.5, metrics={}
                )
            yield retrained(task, 0.9)

        seen = self.watch(select, retrain, top_k=2)
        names = ["retraining of trial 0 (1 of 2)", "retraining of trial 1 (2 of 2)"]
        assert [it.what for it in seen if isinstance(it, TrainingBegun)] == names
        assert [it.what for it in seen if isinstance(it, TrainingEnded)] == names
        assert [it.what for it in seen if isinstance(it, EpochReport)] == [
            name for name in names for _ in range(2)
        ]

    def test_asking_for_flips_alone_is_no_training(self, select):
        seen = self.watch(select, play({0: 0.9}))
        assert [type(event).__name__ for event in seen] == ["SelectionBegun", "RetrainResult"]
