"""What the table of ended trials tells on narrow terminals: scores whole, times where there is room."""

from __future__ import annotations

import re

import pytest
from drawn_terminal import Terminal
from search_events import begin, result, retrained, standing

from imgcls_automl.executors.causes import Failure

LONG = [
    result(998, score=0.8125),
    result(999, "failed", None, Failure.INVALID_ARCHITECTURE, "no"),
    result(1000, "failed", None, Failure.SPACE_ERROR, "no"),
    result(1001, "pruned", 0.5, cause="timeout"),
    retrained(998, 0.8765),
]


def show(width, *events):
    return Terminal(width).play([begin(), *events, standing(4, 0.8125)])[-1]


@pytest.mark.parametrize("width", [24, 32, 40, 60, 80])
class TestLongCauses:
    def test_every_score_is_whole(self, width):
        panel = show(width, *LONG)
        for score in ("0.8125", "0.5000", "0.8765"):
            assert re.search(rf" {score}( |$)", panel, re.MULTILINE)

    def test_a_time_is_whole_or_not_there(self, width):
        panel = show(width, *LONG)
        assert ("1m15s" in panel) == (width >= 40)
        assert "1m1…" not in panel

    def test_epochs_are_whole_or_not_there(self, width):
        panel = show(width, *LONG)
        assert ("2/4" in panel) == (width >= 32)

    def test_causes_can_be_told_apart(self, width):
        panel = show(width, *LONG)
        wide = width >= 60
        for cause in ("invalid architecture", "error in the space", "out of time", "retrained"):
            assert (cause if wide else cause[:7]) in panel

    def test_nothing_is_wider_than_the_terminal(self, width):
        assert max(map(len, show(width, *LONG).splitlines())) < width


def test_short_states_leave_room_for_all_columns_at_36():
    panel = show(36, result(0, score=0.5), result(1, "pruned", 0.25))
    assert re.search(r"0 complete 0\.5000 +2/4 1m15s", panel)
