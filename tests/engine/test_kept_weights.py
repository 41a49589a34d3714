"""Weights that a run has lost are made again before a winner is chosen, and what is there is left alone."""

from __future__ import annotations

import pytest
from in_process_executor import InProcessExecutor, end, keep_weights

from imgcls_automl.engine.kept_weights import find_unreadable, restore_weights
from imgcls_automl.errors import RunFolderError
from imgcls_automl.events import WeightsLost
from imgcls_automl.executors.messages import WorkerLost
from imgcls_automl.executors.results import RetrainResult
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.trial_files import write_ending

WEIGHTS = "best.weights.h5"


def retrain(task, score=0.9, files=(WEIGHTS,)):
    for name in files:
        keep_weights(task.folder, name)
    result = RetrainResult(
        number=task.number,
        seed=task.seed,
        score=score,
        flipped_score=score,
        loss=0.3,
        flipped_loss=0.4,
        epochs=task.epochs,
        seconds=1.0,
    )
    if score is not None:
        write_ending(task, result)
    yield result


@pytest.fixture
def plan(make_plan):
    """A search of three finished trials, two of which contend."""
    plan = make_plan(top_k=2)
    for number in range(3):
        folder = plan.folder / str(number)
        keep_weights(folder)
        task = TrialTask(
            number=number,
            folder=folder,
            baseline=False,
            seed=0,
            epochs=plan.epochs,
            precision="float32",
            deadline=None,
        )
        end(task, score=0.9, epochs=plan.epochs)
    (plan.folder / "2" / WEIGHTS).unlink()  # as of all that do not contend
    return plan


def restore(plan, play=retrain, ranked=(0, 1, 2)):
    executor, seen = InProcessExecutor(play), []
    left = restore_weights(executor, plan, ranked, seen.append)
    lost = [event.file.parent.name for event in seen if isinstance(event, WeightsLost)]
    return left, [(task.number, task.epochs) for task in executor.tasks], lost


def cut(path, share):
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def test_contenders_whose_weights_are_there_are_left_alone(plan):
    assert restore(plan) == ([0, 1], [], [])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_those_cut_short_are_trained_again(plan, share):
    path = plan.folder / "1" / WEIGHTS
    cut(path, share)
    assert restore(plan) == ([0, 1], [(1, 2)], ["1"])
    assert path.read_bytes() == (plan.folder / "1" / "retrained-0" / WEIGHTS).read_bytes()
    assert restore(plan) == ([0, 1], [], [])


def test_where_a_retraining_has_left_weights_they_are_only_copied(plan):
    (plan.folder / "1" / WEIGHTS).unlink()
    restore(plan)
    (plan.folder / "1" / WEIGHTS).unlink()
    assert restore(plan) == ([0, 1], [], ["1"])


def test_where_those_of_the_retraining_are_lost_too_it_is_done_again(plan):
    for path in (plan.folder / "1" / WEIGHTS, plan.folder / "1" / "retrained-0" / WEIGHTS):
        path.unlink(missing_ok=True)
    restore(plan)
    for path in (plan.folder / "1" / WEIGHTS, plan.folder / "1" / "retrained-0" / WEIGHTS):
        cut(path, 0.5)
    assert restore(plan) == ([0, 1], [(1, 2)], ["1"])


def test_a_trial_that_cannot_be_trained_again_does_not_contend(plan):
    def fail(task):
        yield from retrain(task, score=None)

    (plan.folder / "0" / WEIGHTS).unlink()
    assert restore(plan, fail) == ([1], [(0, 2)], ["0"])
    assert find_unreadable(plan.folder / "0", folded=False) is not None


def test_where_none_is_left_the_file_is_named_with_what_to_do(plan):
    def die(task):
        yield WorkerLost(detail="killed by SIGKILL")

    for number in ("0", "1"):
        (plan.folder / number / WEIGHTS).unlink()
    with pytest.raises(RunFolderError, match=r"trials/0/best.weights.h5 is missing or") as caught:
        restore(plan, die)
    assert "--timeout" in str(caught.value)


class TestFolds:
    @pytest.fixture
    def folder(self, tmp_path):
        for fold in (1, 2):
            keep_weights(tmp_path, f"fold-{fold}.weights.h5")
        return tmp_path

    def test_folds_that_there_was_no_time_for_are_not_missing(self, folder):
        assert find_unreadable(folder, folded=True) is None

    @pytest.mark.parametrize("fold", [1, 2])
    def test_each_that_is_there_has_to_be_whole(self, folder, fold):
        path = folder / f"fold-{fold}.weights.h5"
        cut(path, 0.5)
        assert find_unreadable(folder, folded=True) == path
