"""Budget arithmetic: when the search has to stop so that the refit still fits."""

from __future__ import annotations

import pytest

from imgcls_automl.engine.budget import (
    CLOSING_SECONDS,
    CLOSING_SHARE,
    FIRST_SHARE,
    LATER_SHARE,
    QUIET_SECONDS,
    Budget,
)
from imgcls_automl.pacing import SAFETY


def budget(seconds, started=1000.0):
    return Budget(trials=None, started=started, seconds=seconds)


class TestSearchDeadline:
    def test_there_is_none_without_a_time_limit(self):
        unlimited = budget(None)
        assert unlimited.search_deadline(36.0) is None
        assert unlimited.refit_deadline() is None
        assert unlimited.pace(1e6) is None

    def test_a_share_is_kept_back_while_nothing_is_measured(self):
        assert budget(600).search_deadline(None) == pytest.approx(1000 + 600 * (1 - FIRST_SHARE))

    def test_then_as_much_as_retraining_and_refit_will_take(self):
        kept_back = 2.0 * 12 * SAFETY + CLOSING_SECONDS
        assert budget(600).search_deadline(24.0) == pytest.approx(1600 - kept_back)

    def test_never_more_than_its_share(self):
        assert budget(600).search_deadline(12_000.0) == pytest.approx(1600 - 600 * LATER_SHARE)

    def test_the_refit_ends_before_the_command_has_to(self):
        assert 1590 <= budget(600).refit_deadline() < budget(600).deadline == 1600


class TestClosing:
    def test_all_that_follows_is_kept_back_from_the_last_training(self):
        pacing = budget(600).pace(2.0, later=20.0, closing=30.0)
        assert pacing.until == pytest.approx(1600 - 30 - 20 * SAFETY)
        assert pacing.until < budget(600).refit_deadline(30.0) == 1585

    def test_more_is_kept_back_where_pictures_take_long(self):
        assert budget(600).closing_seconds() == CLOSING_SECONDS
        assert budget(600).closing_seconds(25.0) == CLOSING_SECONDS + 25.0

    def test_or_where_the_machine_is_crowded(self):
        assert budget(600).closing_seconds(crowding=2.0) == CLOSING_SECONDS
        assert budget(600).closing_seconds(5.0, crowding=8.0) == 8 * QUIET_SECONDS + 5.0

    def test_but_never_more_than_its_share(self):
        assert budget(600).closing_seconds(1e6) == CLOSING_SECONDS + 600 * CLOSING_SHARE
