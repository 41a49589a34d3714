"""A worker is lost in the midst of a trial: dead, late, or with too much memory."""

from __future__ import annotations

import pytest
from in_process_executor import draw, end, in_turn, learn, states, tell
from optuna.trial import TrialState

from imgcls_automl.errors import NoTrialSucceededError
from imgcls_automl.executors.messages import WorkerLost
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.files import write_csv
from imgcls_automl.plugin import Candidate, ImageTask
from imgcls_automl.trial_files import (
    HISTORY,
    StoredCandidate,
    has_checkpoint,
    read_result,
    write_candidate,
)

LATE = WorkerLost(cause="timeout", detail="it did not end 30 s after its time was up")
NO_MEMORY = WorkerLost(cause="out of memory", detail="it took 9 GB of memory")


def test_a_lost_worker_is_a_crash_on_record(study, search, make_plan, seen):
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


def test_a_worker_lost_after_it_wrote_its_result_has_ended_its_trial(study, search, make_plan):
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
