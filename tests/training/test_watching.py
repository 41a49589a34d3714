"""Whether another epoch is begun near the end of the time, where nothing could stop it inside."""

from __future__ import annotations

import time

import numpy as np
import pytest

from imgcls_automl.pacing import Pacing


@pytest.fixture
def watch():
    """A training of six epochs after epochs of so many seconds each, with so many left."""
    from imgcls_automl.training.progress import Epoch, Plan, Progress
    from imgcls_automl.training.watching import Watch

    def watch(*seconds, left, paced=False):
        nothing = np.zeros(0, "int32")
        plan = Plan(
            epochs=6,
            seed=0,
            train=nothing,
            validation=nothing,
            metric="accuracy",
            class_weight="none",
            deadline=None if left is None else time.time() + left,
            pacing=Pacing(until=0.0, epoch_seconds=1.0) if paced else None,
        )
        epochs = [
            Epoch(number=number, ended=0.0, seconds=it, score=None, metrics={})
            for number, it in enumerate(seconds, start=1)
        ]
        progress = Progress(epochs=epochs, ends=(0, 6))
        return Watch(None, plan, (0, 6), progress, on_epoch=print, keep=print)

    return watch


def stops(watch):
    stopped = watch.stop_before_epoch(watch.expect_epoch())
    assert watch.progress.stopped == ("timeout" if stopped else None)
    return stopped


def test_one_that_would_end_too_late_is_not_begun(watch):
    assert stops(watch(50.0, 20.0, 20.0, left=15.0))
    assert not stops(watch(50.0, 20.0, 20.0, left=25.0))


def test_the_first_one_which_compiled_tells_nothing(watch):
    assert not stops(watch(50.0, left=5.0))
    assert stops(watch(50.0, left=-1.0))


def test_one_slow_epoch_is_no_reason(watch):
    assert not stops(watch(50.0, 10.0, 10.0, 40.0, left=15.0))


def test_of_the_last_one_of_a_refit_half_suffices(watch):
    assert not stops(watch(*[20.0] * 5, left=15.0, paced=True))
    assert stops(watch(*[20.0] * 5, left=5.0, paced=True))
    assert stops(watch(*[20.0] * 4, left=15.0, paced=True))


def test_without_a_deadline_all_are_made(watch):
    assert not stops(watch(50.0, 20.0, left=None))
