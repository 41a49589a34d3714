"""How many epochs fit into a time, and what becomes of a schedule that has to be shorter."""

from __future__ import annotations

import time

import pytest

from imgcls_automl.pacing import SAFETY, Pacing, measure_pace, shorten_phases, spread_time


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch):
    """No second passes while these tests run."""
    monkeypatch.setattr(time, "time", lambda: 1000.0)


def left(seconds, expected=10.0):
    """Pacing with so many seconds to go."""
    return Pacing(until=1000.0 + seconds, epoch_seconds=expected)


class TestFitting:
    @pytest.mark.parametrize(
        ("seconds", "epochs"), [(1000, 12), (12 * 10 * SAFETY + 1, 12), (60, 5), (5, 0), (-5, 0)]
    )
    def test_before_it_begins_the_trial_tells_how_long_an_epoch_takes(self, seconds, epochs):
        assert left(seconds).count_fitting((), 12) == epochs

    def test_then_its_own_epochs_do(self):
        assert left(100 * SAFETY).count_fitting((20.0, 20.0, 20.0), 12) == 5

    def test_folds_share_it(self):
        assert left(90).divide(3).until == 1030.0


class TestPace:
    def test_a_first_epoch_that_compiles_tells_nothing(self):
        assert measure_pace(1.0, (20.0,), 99) == 1.0
        assert measure_pace(1.0, (20.0, 1.2, 1.1), 97) == 1.2

    def test_a_machine_that_became_slow_is_believed_after_two_epochs(self):
        assert measure_pace(30.0, (67.0, 53.0), 10) == 53.0

    def test_near_the_end_a_slow_epoch_is_taken_seriously_at_once(self):
        assert measure_pace(10.0, (10.0, 10.0, 25.0), 2) == 25.0
        assert measure_pace(10.0, (10.0, 10.0, 5.0), 2) == 10.0


class TestShortening:
    def test_a_single_phase_ends_with_the_training(self):
        assert shorten_phases((0, 12), 3, 8) == (0, 8)

    def test_what_is_over_stays(self):
        assert shorten_phases((4, 12), 4, 8) == (4, 8)

    def test_what_is_left_of_each_phase_shrinks_alike(self):
        assert shorten_phases((4, 12), 0, 6) == (2, 6)
        assert shorten_phases((4, 12), 2, 7) == (3, 7)

    def test_a_phase_leaves_an_epoch_to_the_one_that_follows(self):
        assert shorten_phases((9, 10), 1, 2) == (1, 2)

    def test_a_training_that_is_all_one_phase_stays_so(self):
        assert shorten_phases((6, 6), 2, 4) == (4, 4)


class TestSpreading:
    def test_one_after_the_other_each_has_its_part(self):
        ends = spread_time([10, 20, 10], 1, begin=0.0, until=80.0)
        assert ends == [20.0, 60.0, 80.0]

    def test_several_workers_are_busy_at_the_same_time(self):
        assert spread_time([10, 10, 10], 2, begin=0.0, until=40.0) == [20.0, 20.0, 40.0]

    def test_there_may_be_none(self):
        assert spread_time([], 2, begin=0.0, until=40.0) == []
