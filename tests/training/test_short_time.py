"""A training whose time is short is brought to the end of its schedule in fewer epochs."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from networks import Plain, Told, candidate, recipe

from imgcls_automl.pacing import SAFETY, Pacing

STEPS = 19  # of an epoch on digits; on this clock each takes a second


class Clock:
    """Stands still but for the steps of trainings; what the learning rate was at each is noted."""

    def __init__(self):
        self.now = 1000.0
        self.rates = []

    def make_step(self, program):
        self.now += 1.0
        self.rates.append(float(program.trainee.optimizer.learning_rate))


@pytest.fixture
def clock(monkeypatch):
    from imgcls_automl.training import fitting

    monkeypatch.setattr(fitting, "STEPS_PER_EXECUTION", 1)
    clock = Clock()
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock


@pytest.fixture(scope="module")
def programs(pictures):
    """One compiled step for all tests; tells what it gave last."""
    from imgcls_automl.training.program import Programs

    class Told(Programs):
        def take(self, *arguments):
            self.taken = super().take(*arguments)
            return self.taken

    return Told(pictures)


@pytest.fixture
def refit(train, clock, programs, pictures):
    """Train six epochs as a refit does, an epoch expected to take so many seconds."""

    def refit(*, expected, until=None, deadline=None, least=1):
        until = 6.01 * expected * SAFETY if until is None else until
        pacing = Pacing(until=clock.now + until, epoch_seconds=expected, least=least)
        _, progress = train(
            on=programs,
            epochs=6,
            validation=pictures.indices("validation")[:0],
            pacing=pacing,
            keeps_last=True,
            deadline=deadline and clock.now + deadline,
            on_steps=lambda: clock.make_step(programs.taken),
        )
        return progress

    return refit


class TestTheClock:
    def test_in_time_all_is_as_planned(self, refit, clock):
        progress = refit(expected=STEPS)
        assert (len(progress.epochs), progress.stopped) == (6, None)
        assert len(clock.rates) == 6 * STEPS

    def test_where_it_is_late_the_schedule_comes_to_its_end_in_fewer_epochs(self, refit, clock):
        began, expected = clock.now, STEPS / 2
        progress = refit(expected=expected)
        assert (len(progress.epochs), progress.stopped) == (3, None)
        assert clock.now <= began + 6 * expected * SAFETY
        peak = max(clock.rates)
        assert peak > 0.9 * recipe().learning_rate
        assert clock.rates[-1] == pytest.approx(1e-3 * recipe().learning_rate, rel=1e-3)
        falling = clock.rates[clock.rates.index(peak) :]
        assert all(later < earlier for earlier, later in pairwise(falling))

    def test_too_late_from_the_beginning_it_is_shorter_from_the_beginning(self, refit, clock):
        progress = refit(expected=STEPS, until=2.5 * STEPS * SAFETY)
        assert (len(progress.epochs), progress.stopped) == (2, None)
        assert clock.rates[-1] == pytest.approx(1e-3 * recipe().learning_rate, rel=1e-3)

    @pytest.mark.parametrize(("deadline", "made", "stopped"), [(5, 3, None), (2.2, 2, "timeout")])
    def test_below_its_least_it_is_cut_off_rather_than_shortened(
        self, refit, deadline, made, stopped
    ):
        progress = refit(expected=STEPS, until=1.1 * STEPS, deadline=deadline * STEPS, least=3)
        assert (len(progress.epochs), progress.stopped) == (made, stopped)
        assert progress.is_shorter_than(6)

    @pytest.mark.parametrize(("steps", "stopped"), [(5, "timeout"), (13, None)])
    def test_a_last_epoch_that_the_deadline_ends_counts_where_most_of_it_was_made(
        self, refit, steps, stopped
    ):
        progress = refit(expected=STEPS, until=1.1 * STEPS, deadline=steps - 0.5)
        assert progress.stopped == stopped
        assert len(progress.epochs) == (stopped is None)


def test_what_a_slow_epoch_took_away_a_fast_one_gives_back(train):
    _, progress = train(epochs=6, pacing=Told(fitting=(6, 2, 4, 3, 2, 1)))
    assert (len(progress.epochs), progress.ends, progress.stopped) == (6, (0, 6), None)


def test_with_all_the_time_it_needs_nothing_depends_on_the_clock(train):
    losses = [
        [epoch.metrics["loss"] for epoch in train(epochs=3, pacing=pacing)[1].epochs]
        for pacing in (None, Told(fitting=(9, 9, 9)))
    ]
    assert losses[0] == losses[1]


def test_a_frozen_phase_shrinks_with_the_rest(train):
    chosen = candidate(frozen_epochs=4)
    _, progress = train(Plain(), chosen, epochs=8, pacing=Told(fitting=(8, 3, 2, 1)))
    assert (len(progress.epochs), progress.ends, progress.stopped) == (4, (2, 4), None)


def test_tensorflow_is_fed_without_the_thread_that_tunes_pipelines(pictures):
    from imgcls_automl.training.epochs import feed_fit

    # It may not hear that its pipeline is dropped: fit would wait for it, idle, for up to a minute.
    fed = feed_fit(pictures, pictures.indices("train")[:128], 64)["x"]
    assert fed.options().autotune.enabled is False
