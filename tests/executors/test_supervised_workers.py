"""A search whose workers crash, hang, grow and are killed: each is one trial on record, and the total is exact."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing

import pretend_worker
import psutil
import pytest

from imgcls_automl import registry
from imgcls_automl.engine.budget import Budget
from imgcls_automl.engine.loop import run_trials
from imgcls_automl.engine.planning import SearchPlan
from imgcls_automl.engine.study import close_study, open_study
from imgcls_automl.executors.local import LocalExecutor
from imgcls_automl.executors.messages import EpochReport, TrialStarted, WorkerLost, WorkerSetup
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.executors.supervision import Limits
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.trial_files import read_result

LIMITS = Limits(first_build=2.0, first_steps=2.0, silence=1.5, leeway=1.0, memory=300 << 20)

# What happens in a trial, the cause on record, and words of its detail.
MISHAPS = [
    ("never build", "hang", "the space's code had not returned after 2 s"),
    ("spin", "hang", "its training made no progress for"),
    ("crash", "crash", "was killed by SIGSEGV; its last words: Segmentation fault in"),
    ("stop", "hang", "its training made no progress for"),
    ("leave", "lost worker", "exited with code 0"),
    ("deadlock", "hang", "its training made no progress for"),
    ("complain", "crash", "exited with code 3; its last words: cuDNN has lost its handle"),
    ("hoard", "out of memory", "more than its share of"),
    ("babble", "lost worker", "sent what cannot be read"),
]
COUNT = len(MISHAPS) + 2  # a slow one that is not to be ended, and one without any mishap


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """Search with pretended workers; returns (folder, study, events with the times at which they were told)."""
    studies = []

    def search(
        actions, *, trials, workers=1, limits=LIMITS, epochs=3, on_event=lambda *event: None
    ):
        folder = tmp_path_factory.mktemp("search")
        space = registry.find(registry.SEARCH_SPACES, "cnn_small")
        options = {str(number): action for number, action in actions.items()}
        setup = WorkerSetup(space=space, space_options=options, device="cpu")
        plan = SearchPlan(
            folder=folder,
            metric="accuracy",
            seed=0,
            epochs=epochs,
            precision="float32",
            refit_growth=1.0,
            budget=Budget(trials=trials, started=time.time(), seconds=None),
        )
        studies.append(open_study(folder / "study.db", metric="accuracy"))
        events = []
        with closing(
            LocalExecutor(
                setup,
                workers=workers,
                log=folder / "log.txt",
                limits=limits,
                target=pretend_worker.TARGET,
            )
        ) as executor:
            executor.wait_ready()

            def observe(event):
                events.append((time.time(), event))
                on_event(executor, event)

            run_trials(studies[-1], executor, plan, observe)
        return folder, studies[-1], events

    yield search
    for study in studies:
        close_study(study)


@pytest.fixture(scope="module")
def mishaps(search):
    """A search in which every mishap happens once: (results by number, states in the study, events)."""
    actions = dict(enumerate(["plod", *(action for action, _, _ in MISHAPS)]))
    folder, study, events = search(actions, trials=COUNT)
    results = [read_result(folder / str(number)) for number in range(COUNT)]
    return results, [trial.user_attrs["state"] for trial in study.get_trials()], events


class TestMishaps:
    def test_each_ends_one_trial_and_the_search_goes_on(self, mishaps):
        results, states, _ = mishaps
        assert states == ["complete", *["failed"] * len(MISHAPS), "complete"]
        assert [result.state for result in results] == states

    @pytest.mark.parametrize(
        ("number", "cause", "words"),
        [(number, cause, words) for number, (_, cause, words) in enumerate(MISHAPS, start=1)],
        ids=[action for action, _, _ in MISHAPS],
    )
    def test_its_cause_is_on_record(self, mishaps, number, cause, words):
        result = mishaps[0][number]
        assert result.cause == cause
        assert words in result.detail
        assert "\n" not in result.detail

    def test_what_the_trial_had_reached_is_on_record(self, mishaps):
        results = mishaps[0][1 : 1 + len(MISHAPS)]
        assert [result.epochs for result in results] == [0] + [1] * (len(MISHAPS) - 1)
        assert results[0].parameters is None
        assert {result.parameters for result in results[1:]} == {123}
        hung = [result for result in results if result.cause == "hang"]
        assert all(1.5 <= result.seconds < 15 for result in hung)

    def test_a_crash_names_the_line_it_happened_in(self, mishaps):
        assert 'string_at (File "' in mishaps[0][3].detail

    def test_a_slow_training_that_makes_steps_is_no_hang(self, mishaps):
        slow = mishaps[0][0]
        assert slow.state == "complete"
        assert slow.seconds > LIMITS.silence

    def test_observers_are_told_of_every_lost_worker(self, mishaps):
        lost = [event.cause for _, event in mishaps[2] if isinstance(event, WorkerLost)]
        assert lost == [cause for _, cause, _ in MISHAPS]


KILLED = (1, 3, 4)


@pytest.fixture(scope="module")
def killed(search):
    """Seven trials on two workers; those of three trials are killed: (folder, study, events, times of the kills)."""
    kills = {}

    def kill(executor, event):
        if isinstance(event, EpochReport) and event.number in KILLED and event.number not in kills:
            tasks = {
                worker.activity.task.number: worker
                for worker in executor._workers
                if worker.activity and worker.activity.task
            }
            kills[event.number] = time.time()
            os.kill(tasks[event.number].pid, signal.SIGKILL)

    actions = dict.fromkeys(KILLED, "linger")
    return *search(actions, trials=7, workers=2, on_event=kill), kills


class TestKills:
    def test_the_total_is_exact_and_no_number_is_there_twice(self, killed):
        folder, study, events, _ = killed
        told = sorted(event.number for _, event in events if isinstance(event, TrialResult))
        assert told == list(range(7))
        assert len(study.get_trials()) == 7
        failed = [
            number for number in range(7) if read_result(folder / str(number)).state == "failed"
        ]
        assert tuple(failed) == KILLED

    def test_what_runs_says_on_which_worker(self, killed):
        signed = [it for _, it in killed[2] if isinstance(it, TrialStarted | EpochReport)]
        assert {it.where for it in signed} == {"worker 0", "worker 1"}

    def test_they_are_told_as_what_they_are(self, killed):
        result = read_result(killed[0] / "1")
        assert result.cause == "crash"
        assert result.detail == "the worker process was killed by SIGKILL"

    def test_each_is_on_record_within_two_seconds(self, killed):
        _, _, events, killings = killed
        for at, event in events:
            if isinstance(event, TrialResult) and event.number in killings:
                assert at - killings[event.number] < 2.0


@pytest.mark.parametrize("busy", ["plod", "draw for ever"])
def test_a_trial_that_takes_longer_than_it_may_is_ended_however_much_it_says(search, busy):
    limits = Limits(trial=1.5)
    folder, _, _ = search({0: busy}, trials=2, limits=limits)
    result = read_result(folder / "0")
    assert (result.cause, result.detail) == ("hang", "its trial had not ended after 2 s")
    assert read_result(folder / "1").state == "complete"


def test_a_worker_that_hangs_is_found_beside_one_that_is_busy(search):
    actions = {0: "draw for ever", 1: "never build"}
    folder, _, _ = search(actions, trials=3, workers=2, limits=LIMITS)
    assert [read_result(folder / str(number)).cause for number in range(3)] == [
        "hang",
        "hang",
        None,
    ]


def test_a_worker_that_is_late_is_ended_and_told_as_late(tmp_path):
    space = registry.find(registry.SEARCH_SPACES, "cnn_small")
    setup = WorkerSetup(space=space, space_options={}, device="cpu")
    how = {"baseline": False, "seed": 0, "epochs": 1, "precision": "float32"}
    over = time.time() - 1.0
    task = TrialTask(number=0, folder=tmp_path, deadline=over, **how)
    limits = Limits(overtime=1.0)
    with closing(
        LocalExecutor(setup, workers=1, log=None, limits=limits, target=pretend_worker.TARGET)
    ) as executor:
        executor.wait_ready()
        executor.submit(0, task, deadline=over)
        lost = None
        while not isinstance(lost, WorkerLost):  # what it draws is never answered
            event = executor.next_event(30)
            assert event is not None
            lost = event[1]
    assert (lost.cause, lost.detail) == ("timeout", "it did not end 1 s after its time was up")


def test_no_worker_outlives_its_search(search):
    before = set(psutil.Process().children(recursive=True))
    search({}, trials=2, workers=2)
    assert set(psutil.Process().children(recursive=True)) <= before
