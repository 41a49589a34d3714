"""When a worker is taken to hang: by what is usual in its search, and by hard limits."""

from __future__ import annotations

import time

import pytest

from imgcls_automl.executors.messages import BaselinesTask, EpochReport, Pulse, TrialTask
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.executors.supervision import Activity, Limits, Supervision


@pytest.fixture
def task(tmp_path):
    return TrialTask(
        number=0, folder=tmp_path, baseline=False, seed=0, epochs=9, precision="", deadline=None
    )


@pytest.fixture
def supervision():
    return Supervision(Limits(), workers=2)


def doing(task, *, seconds, silent=None, deadline=None):
    """What a worker has done for so many seconds, the last of them without progress; None where it never made any."""
    now = time.monotonic()
    return Activity(
        task=task,
        began=now - seconds,
        deadline=deadline,
        progressed=None if silent is None else now - silent,
    )


EPOCH = EpochReport(number=0, epoch=1, epochs=9, seconds=1.0, score=0.5, metrics={})


def end_trial(supervision, task, seconds):
    fields = {"score": 0.5, "metric": "", "epoch": 1, "epochs": 1, "planned_epochs": 1}
    result = TrialResult(number=0, state="complete", seconds=seconds, parameters=1, **fields)
    supervision.note(doing(task, seconds=seconds, silent=1), result)


class TestOpening:
    def test_a_first_network_may_take_a_quarter_of_an_hour(self, supervision, task):
        assert supervision.find_hang(doing(task, seconds=890)) is None
        hang = supervision.find_hang(doing(task, seconds=910))
        assert hang == "it had made no progress after 900 s"

    def test_once_one_was_quick_others_are_given_five_minutes(self, supervision, task):
        supervision.note(doing(task, seconds=4), EPOCH)
        assert supervision.find_hang(doing(task, seconds=290)) is None
        assert "after 300 s" in supervision.find_hang(doing(task, seconds=310))

    def test_once_one_was_slow_others_may_be_ten_times_slower(self, supervision, task):
        supervision.note(doing(task, seconds=600), Pulse())
        assert supervision.find_hang(doing(task, seconds=5900)) is None
        assert supervision.find_hang(doing(task, seconds=6100)) is not None

    def test_baselines_have_to_be_told_in_that_time_too(self, supervision):
        assert supervision.find_hang(doing(BaselinesTask(), seconds=910)) is not None


class TestSilence:
    def test_steps_and_epochs_break_it(self, supervision, task):
        for message in (Pulse(), EPOCH):
            activity = doing(task, seconds=2000, silent=1500)
            supervision.note(activity, message)
            assert supervision.find_hang(activity) is None

    def test_it_ends_a_trial_after_three_minutes(self, supervision, task):
        supervision.note(doing(task, seconds=30, silent=2), Pulse())
        assert supervision.find_hang(doing(task, seconds=400, silent=170)) is None
        hang = supervision.find_hang(doing(task, seconds=400, silent=190))
        assert hang == "it made no progress for 180 s"

    def test_or_after_ten_times_what_is_usual(self, supervision, task):
        supervision.note(doing(task, seconds=300, silent=60), EPOCH)
        assert supervision.find_hang(doing(task, seconds=900, silent=590)) is None
        assert supervision.find_hang(doing(task, seconds=900, silent=610)) is not None


class TestHardLimits:
    def test_a_trial_may_take_twenty_times_the_longest(self, supervision, task):
        going_on = doing(task, seconds=10_000, silent=1)
        assert supervision.find_hang(going_on) is None  # the first may take what it takes
        end_trial(supervision, task, 400)
        assert supervision.find_hang(doing(task, seconds=7900, silent=1)) is None
        assert "after 8000 s" in supervision.find_hang(going_on)

    def test_or_an_hour(self, supervision, task):
        end_trial(supervision, task, 2)
        assert supervision.find_hang(doing(task, seconds=3500, silent=1)) is None
        assert supervision.find_hang(doing(task, seconds=3700, silent=1)) is not None

    def test_or_what_the_user_says(self, task):
        supervision = Supervision(Limits(trial=60), workers=1)
        assert supervision.find_hang(doing(task, seconds=61, silent=1)) is not None

    def test_half_a_minute_after_its_deadline_a_task_is_ended(self, supervision, task):
        late = doing(task, seconds=100, silent=1, deadline=time.time() - 31)
        assert supervision.find_hang(late) == "it did not end 30 s after its time was up"
        in_time = doing(task, seconds=100, silent=1, deadline=time.time() - 20)
        assert supervision.find_hang(in_time) is None

    def test_a_framework_may_take_ten_minutes_to_load(self, supervision):
        assert supervision.find_hang(doing(None, seconds=590)) is None
        assert supervision.find_hang(doing(None, seconds=610)) is not None


class TestMemory:
    def test_workers_share_what_the_machine_has(self, monkeypatch):
        monkeypatch.setattr("imgcls_automl.executors.supervision.usable_memory", lambda: 20 << 30)
        supervision = Supervision(Limits(), workers=2)
        assert supervision.find_excess(8 << 30) is None
        assert "more than its share of 9.7 GB" in supervision.find_excess(10 << 30)
