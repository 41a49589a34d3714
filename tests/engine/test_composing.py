"""The final model: members are trained where an ensemble helps, and whatever goes wrong leaves the winner alone."""

from __future__ import annotations

import numpy as np
import pytest
from in_process_executor import InProcessExecutor, end, keep_weights

from imgcls_automl.engine.composing import compose_model
from imgcls_automl.engine.selection import Contender, Selection
from imgcls_automl.events import EnsembleChosen
from imgcls_automl.executors.messages import WorkerLost
from imgcls_automl.executors.results import MemberResult, RetrainResult
from imgcls_automl.executors.tasks import MemberTask, TrialTask
from imgcls_automl.trial_files import opinion_file, write_ending

LABELS = np.arange(200) % 4


def opine(wrong):
    logits = np.zeros((200, 4), "float32")
    logits[np.arange(200), LABELS] = 2.0
    logits[list(wrong)] = np.roll(logits[list(wrong)], 1, axis=1)
    return logits


def train(task):
    result = MemberResult(
        number=task.number, seed=task.seed, whole=True, epochs=task.epochs, seconds=1.0
    )
    keep_weights(task.folder)
    write_ending(task, result)
    yield result


@pytest.fixture
def select(make_plan):
    """A selection among trials, each once retrained and wrong on these pictures; an epoch took a second."""

    def select(mistakes, **changes):
        plan = make_plan(**{"ensemble": True, **changes})
        contenders = []
        for number, wrong in enumerate(mistakes):
            folder = plan.folder / str(number)
            folder.mkdir()
            task = TrialTask(
                number=number,
                folder=folder,
                baseline=False,
                seed=0,
                epochs=plan.epochs,
                precision="float32",
                deadline=None,
            )
            end(task, score=0.9, epochs=plan.epochs, seconds=float(plan.epochs))
            logits = opine(wrong)
            with opinion_file(folder, 10 + number).open("wb") as file:
                np.savez(file, labels=LABELS, plain=logits, flipped=logits)
            score = 1 - len(wrong) / 200
            result = RetrainResult(
                number=number,
                seed=10 + number,
                score=score,
                flipped_score=score,
                loss=0.3,
                flipped_loss=0.3,
                epochs=plan.epochs,
                seconds=1.0,
            )
            contenders.append(Contender(trial=number, score=score, flips=False, results=(result,)))
        chosen = Selection(winner=contenders[0], contenders=tuple(contenders), retrained=True)
        return chosen, plan

    return select


def compose(selected, play=train):
    selection, plan = selected
    executor, seen = InProcessExecutor(play), []
    composed = compose_model(executor, plan, selection, seen.append)
    told = [event for event in seen if isinstance(event, EnsembleChosen)]
    return composed, executor.tasks, told


APART = (range(20), range(20, 40), range(40, 60))


class TestEnsemble:
    def test_members_are_trained_beside_the_winner(self, select):
        composed, tasks, told = compose(select(APART))
        assert [(type(task), task.number, task.seed) for task in tasks] == [
            (MemberTask, 1, 11),
            (MemberTask, 2, 12),
        ]
        made = composed.composition
        assert [member.trial_folder.name for member in made.members] == ["1", "2"]
        assert made.share + sum(member.share for member in made.members) == pytest.approx(1.0)
        assert told == [EnsembleChosen(trials=(1, 2))]
        record = composed.to_json()
        assert [member["trial"] for member in record["members"]] == [0, 1, 2]
        assert record["scores"]["score"] > record["scores"]["single_score"]

    def test_those_that_are_trained_already_are_not_trained_again(self, select):
        selected = select(APART)
        compose(selected)
        again, tasks, _ = compose(selected)
        assert tasks == []
        assert len(again.composition.members) == 2

    def test_one_whose_weights_are_lost_is_trained_again(self, select):
        selected = select(APART)
        _, tasks, _ = compose(selected)
        (tasks[1].folder / "best.weights.h5").unlink()
        again, anew, _ = compose(selected)
        assert [task.number for task in anew] == [2]
        assert len(again.composition.members) == 2

    def test_it_is_not_made_unless_asked_for(self, select):
        composed, tasks, told = compose(select(APART, ensemble=False))
        assert (composed.composition.members, tasks, told) == ((), [], [])

    def test_it_is_not_made_where_it_does_not_help(self, select):
        composed, tasks, told = compose(select(((), range(150))))
        assert (composed.composition.members, tasks) == ((), [])
        assert "better than the winner alone" in told[0].note == composed.note

    def test_a_single_contender_is_told_what_it_takes(self, select):
        composed, _, _ = compose(select((range(20),)))
        assert "--preset medium" in composed.note


class TestShortTime:
    """An epoch takes a second: a training 2.5 s, times 1.15, and 10 s for closing."""

    @pytest.mark.parametrize(("seconds", "members"), [(100, 2), (18, 1), (13, 0)])
    def test_fewer_members_are_trained(self, select, seconds, members):
        composed, tasks, _ = compose(select(APART, seconds=seconds))
        assert len(tasks) == len(composed.composition.members) == members
        assert ("time is too short" in composed.note) is (members < 2)

    def test_members_on_devices_of_their_own_take_the_time_of_one(self, select):
        composed, _, _ = compose(select(APART, seconds=18, workers=2))
        assert len(composed.composition.members) == 2

    def test_the_winner_s_own_refit_keeps_its_time(self, select):
        selected = select(APART, seconds=100)
        _, tasks, _ = compose(selected)
        kept = selected[1].budget.refit_deadline() - tasks[0].deadline
        assert kept == pytest.approx(2.5 * 1.15)


class TestWhatGoesWrong:
    def test_a_member_whose_worker_is_lost_is_left_out(self, select):
        def lose_first(task):
            if task.number == 1:
                yield WorkerLost(detail="killed by SIGKILL")
            yield from train(task)

        composed, _, _ = compose(select(APART), lose_first)
        members = composed.composition.members
        assert [member.trial_folder.name for member in members] in (["2"], [])

    def test_where_all_are_lost_the_winner_stays_alone(self, select):
        def lose(task):
            yield WorkerLost(detail="killed by SIGKILL")

        composed, _, told = compose(select(APART), lose)
        assert composed.composition.members == ()
        assert "too few of its members" in composed.note
        assert told[-1].trials == ()

    def test_opinions_that_an_older_version_did_not_keep_are_no_reason_to_fail(self, select):
        selection, plan = select(APART)
        for file in plan.folder.glob("*/validation-*.npz"):
            file.unlink()
        composed, _, _ = compose((selection, plan))
        assert composed.calibration is None
        assert composed.composition.temperature == 1.0


class TestTemperature:
    def test_it_is_fitted_without_an_ensemble_too(self, select):
        composed, _, _ = compose(select(((), ()), ensemble=False))
        assert composed.composition.temperature < 1.0  # always right and not sure of it
        assert composed.to_json()["calibration"]["pictures"] == 200

    def test_the_winner_alone_keeps_its_own(self, select):
        composed, _, _ = compose(select(APART))
        alone = composed.without_members("the worker died on it")
        assert alone.composition.temperature == composed.composition.single_temperature
        assert alone.to_json()["members"] == []
