"""Budget arithmetic: when the search has to stop so that the refit still fits."""

from __future__ import annotations

import time

import pytest

from imgcls_automl.engine.budget import CLOSING_SECONDS, FIRST_SHARE, LATER_SHARE, SAFETY, Budget


def budget(seconds, started=1000.0):
    return Budget(trials=None, started=started, seconds=seconds)


class TestSearchDeadline:
    def test_there_is_none_without_a_time_limit(self):
        unlimited = budget(None)
        assert unlimited.search_deadline(36.0) is None
        assert unlimited.refit_deadline() is None
        assert unlimited.affordable_epochs(1e6, 12) == 12

    def test_a_share_is_kept_back_while_nothing_is_measured(self):
        assert budget(600).search_deadline(None) == pytest.approx(1000 + 600 * (1 - FIRST_SHARE))

    def test_then_as_much_as_retraining_and_refit_will_take(self):
        kept_back = 2.0 * 12 * SAFETY + CLOSING_SECONDS
        assert budget(600).search_deadline(24.0) == pytest.approx(1600 - kept_back)

    def test_never_more_than_its_share(self):
        assert budget(600).search_deadline(12_000.0) == pytest.approx(1600 - 600 * LATER_SHARE)

    def test_the_refit_ends_before_the_command_has_to(self):
        assert 1590 <= budget(600).refit_deadline() < budget(600).deadline == 1600


class TestAffordableEpochs:
    def test_all_of_them_where_there_is_time(self):
        assert budget(600, started=time.time()).affordable_epochs(1.0, 12) == 12

    def test_fewer_where_it_is_short(self):
        left = CLOSING_SECONDS + 10 * SAFETY * 4.5
        assert budget(left, started=time.time()).affordable_epochs(10.0, 12) == 4

    def test_none_where_it_is_over(self):
        assert budget(60, started=time.time() - 100).affordable_epochs(1.0, 12) == 0
