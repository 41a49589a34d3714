"""When a worker is taken to hang: by what is usual in its search, and by hard limits."""

from __future__ import annotations

import time

import pytest

from imgcls_automl.executors.messages import EpochReport, Pulse, TrialStarted
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.executors.supervision import (
    BUILDING,
    STARTING,
    TRAINING,
    Activity,
    Limits,
    Supervision,
)
from imgcls_automl.executors.tasks import BaselinesTask, TrialTask
from imgcls_automl.plugin import Candidate


@pytest.fixture
def task(tmp_path):
    return TrialTask(
        number=0, folder=tmp_path, baseline=False, seed=0, epochs=9, precision="", deadline=None
    )


@pytest.fixture
def supervision():
    return Supervision(Limits(), workers=2)


def doing(task, *, seconds, silent=None, phase="", deadline=None):
    """What a worker has done for so many seconds, the last of them, where not all, without progress."""
    now = time.monotonic()
    silent = seconds if silent is None else silent
    return Activity(
        task=task, phase=phase, deadline=deadline, began=now - seconds, progressed=now - silent
    )


EPOCH = EpochReport(number=0, epoch=1, epochs=9, seconds=1.0, score=0.5, metrics={})
STARTED = TrialStarted(number=0, candidate=Candidate(model={}), parameters=1)


def end_trial(supervision, task, seconds):
    fields = {"score": 0.5, "metric": "", "epoch": 1, "epochs": 1, "planned_epochs": 1}
    result = TrialResult(number=0, state="complete", seconds=seconds, parameters=1, **fields)
    supervision.note(doing(task, seconds=seconds, phase=TRAINING, silent=1), result)


class TestProgress:
    """By phase: the message that ends it, how long the first one may take, and how it is said."""

    PHASES = pytest.mark.parametrize(
        ("phase", "message", "first", "words"),
        [
            (BUILDING, STARTED, 900, "the space's code had not returned after 900 s"),
            (STARTING, Pulse(), 3600, "its training had made no first step after 3600 s"),
            (TRAINING, EPOCH, 3600, "its training made no progress for 3600 s"),
        ],
        ids=["build", "start", "train"],
    )

    @PHASES
    def test_the_first_may_be_slow(self, supervision, task, phase, message, first, words):
        assert supervision.find_hang(doing(task, phase=phase, seconds=first - 10)) is None
        assert supervision.find_hang(doing(task, phase=phase, seconds=first + 10)) == words

    @PHASES
    def test_after_a_quick_one_five_minutes_are_given(
        self, supervision, task, phase, message, first, words
    ):
        supervision.note(doing(task, phase=phase, seconds=4), message)
        assert supervision.find_hang(doing(task, phase=phase, seconds=290)) is None
        assert "300 s" in supervision.find_hang(doing(task, phase=phase, seconds=310))

    @PHASES
    def test_after_a_slow_one_ten_times_as_long(
        self, supervision, task, phase, message, first, words
    ):
        supervision.note(doing(task, phase=phase, seconds=600), message)
        assert supervision.find_hang(doing(task, phase=phase, seconds=5900)) is None
        assert supervision.find_hang(doing(task, phase=phase, seconds=6100)) is not None

    def test_a_trial_goes_from_one_to_the_next(self, supervision, task):
        trial = Activity(task=task)
        phases = [trial.phase]
        for message in (STARTED, Pulse(), EPOCH):
            supervision.note(trial, message)
            phases.append(trial.phase)
        assert phases == [BUILDING, STARTING, TRAINING, TRAINING]

    def test_steps_break_the_silence(self, supervision, task):
        trial = doing(task, phase=TRAINING, seconds=5000, silent=3000)
        supervision.note(trial, Pulse())
        assert time.monotonic() - trial.progressed < 60

    def test_baselines_have_to_be_told_in_time_too(self, supervision):
        assert supervision.find_hang(doing(BaselinesTask(), seconds=910)) is not None


class TestHardLimits:
    def test_a_trial_may_take_twenty_times_the_longest(self, supervision, task):
        going_on = doing(task, seconds=10_000, phase=TRAINING, silent=1)
        assert supervision.find_hang(going_on) is None  # the first may take what it takes
        end_trial(supervision, task, 400)
        assert supervision.find_hang(doing(task, seconds=7900, phase=TRAINING, silent=1)) is None
        assert "after 8000 s" in supervision.find_hang(going_on)

    def test_or_an_hour(self, supervision, task):
        end_trial(supervision, task, 2)
        assert supervision.find_hang(doing(task, seconds=3500, phase=TRAINING, silent=1)) is None
        assert (
            supervision.find_hang(doing(task, seconds=3700, phase=TRAINING, silent=1)) is not None
        )

    def test_or_what_the_user_says(self, task):
        supervision = Supervision(Limits(trial=60), workers=1)
        assert supervision.find_hang(doing(task, seconds=61, phase=TRAINING, silent=1)) is not None

    def test_steps_that_never_end_an_epoch_are_given_a_day(self, supervision, task):
        looping = doing(task, seconds=90_000, phase=TRAINING, silent=1)
        looping.epoch_began = time.monotonic() - 86_000
        assert supervision.find_hang(looping) is None
        looping.epoch_began -= 1000
        assert supervision.find_hang(looping) == "it had not ended an epoch after 86400 s"

    def test_an_epoch_that_ends_begins_the_next(self, supervision, task):
        slow = doing(task, seconds=90_000, phase=TRAINING, silent=1)
        slow.epoch_began -= 90_000
        supervision.note(slow, Pulse())
        assert supervision.find_hang(slow) is not None
        supervision.note(slow, EPOCH)
        assert supervision.find_hang(slow) is None

    def test_a_framework_may_take_ten_minutes_to_load(self, supervision):
        assert supervision.find_hang(doing(None, seconds=590)) is None
        assert supervision.find_hang(doing(None, seconds=610)) is not None


class TestLateness:
    @pytest.fixture
    def be_late(self, task):
        """A task that was first seen late so many seconds ago."""

        def be_late(seconds, deadline=None):
            activity = doing(
                task, seconds=100, phase=TRAINING, silent=1, deadline=deadline or time.time() - 1
            )
            activity.late = time.monotonic() - seconds
            return activity

        return be_late

    def test_half_a_minute_after_its_deadline_a_task_is_ended(self, supervision, task, be_late):
        late = doing(task, seconds=100, phase=TRAINING, silent=1, deadline=time.time() - 1)
        assert supervision.find_lateness(late) is None
        assert late.late is not None
        assert supervision.find_lateness(be_late(29)) is None
        told = "it did not end 30 s after its time was up"
        assert supervision.find_lateness(be_late(31)) == told

    def test_it_is_no_hang(self, supervision, be_late):
        assert supervision.find_hang(be_late(31)) is None

    def test_before_its_deadline_it_is_not_late(self, supervision, task):
        assert supervision.find_lateness(doing(task, seconds=9, deadline=time.time() + 5)) is None
        assert supervision.find_lateness(doing(task, seconds=9)) is None

    def test_a_training_of_long_epochs_is_given_longer_than_one_of_them(
        self, supervision, task, be_late
    ):
        supervision._began = time.time() - 3600
        supervision.note(doing(task, phase=TRAINING, seconds=100), EPOCH)
        assert supervision.find_lateness(be_late(140)) is None
        assert "150 s after" in supervision.find_lateness(be_late(160))

    def test_but_never_more_than_a_tenth_of_the_search(self, supervision, task, be_late):
        supervision._began = time.time() - 600
        supervision.note(doing(task, phase=TRAINING, seconds=100), EPOCH)
        assert supervision.find_lateness(be_late(55)) is None
        assert "60 s after" in supervision.find_lateness(be_late(65))

    def test_the_time_a_machine_slept_beyond_the_deadline_does_not_count(self, supervision, task):
        woken = doing(task, seconds=100, phase=TRAINING, silent=1, deadline=time.time() - 3600)
        assert supervision.find_lateness(woken) is None
        woken.late -= 3600
        woken.forgive(3600)
        assert supervision.find_lateness(woken) is None


class TestMemory:
    def test_workers_share_what_the_machine_has(self, monkeypatch):
        monkeypatch.setattr("imgcls_automl.executors.supervision.usable_memory", lambda: 20 << 30)
        supervision = Supervision(Limits(), workers=2)
        assert supervision.find_excess(8 << 30) is None
        assert "more than its share of 9.7 GB" in supervision.find_excess(10 << 30)
