"""What a search shows while it runs: on narrow and wide terminals, in logs, and where texts are hostile."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import replace

import pytest
from drawn_terminal import Terminal
from search_events import READY, STORY, begin, dataset, plan, report, result, retrained, standing

from imgcls_automl.cli.live_screen import LiveScreen
from imgcls_automl.cli.plain_lines import PlainLines
from imgcls_automl.cli.screens import choose_screen
from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.events import (
    DatasetReady,
    RefitBegun,
    SelectionBegun,
    TrainingBegun,
    TrainingEnded,
    TrialsFound,
    WorkerReady,
)
from imgcls_automl.executors.messages import (
    TrialStarted,
    WorkerLost,
)
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.plugin import Candidate

HOSTILE = "[red]evil[/red]\x1b]0;owned\x07\x1b[2J\u202egpj\r\n{0}%s"


@pytest.mark.parametrize("width", [40, 120])
class TestLiveScreen:
    def test_it_shows_trials_the_best_and_what_is_left(self, width):
        panel = Terminal(width).play([begin(), *STORY[1:-2]])[-1]
        for text in ("0.8125", "not finite", "pruned", "infeasible", "2/4", "1m15s"):
            assert text in panel
        assert "best 0.8125 (trial 0)" in panel
        assert "4/5 trials" in panel
        if width == 120:
            assert re.search(r"(10m|9m\d\ds) left", panel)

    def test_nothing_is_wider_than_the_terminal(self, width):
        for panel in Terminal(width).play(STORY):
            assert max(len(line) for line in panel.splitlines()) <= width

    def test_it_shows_the_running_epoch_and_the_refit(self, width):
        panels = Terminal(width).play(STORY)
        assert "trial 0" in panels[6]
        assert "epoch 1/4" in panels[6]
        assert "epoch 3/4" in panels[-1]
        assert "Refitting trial 0" in panels[-1]

    def test_a_resumed_search_shows_the_trials_it_goes_on_after(self, width):
        results = [item for item in STORY if isinstance(item, TrialResult)]
        panel = Terminal(width).play([begin(), TrialsFound(results=results)])[-1]
        for text in ("0.8125", "pruned", "2/4"):
            assert text in panel

    def test_reading_is_shown_as_it_goes(self, width):
        panels = Terminal(width).play(STORY)
        assert "1,000" in panels[1]
        assert "500 of 2,722" in panels[2]
        assert "decoding" not in panels[3]

    def test_what_should_stay_is_written_above_it(self, width):
        terminal = Terminal(width)
        terminal.play(STORY)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.sent)
        for line in ("Run folder runs/one", "2,722 colour pictures of 28x30", "does not see it"):
            assert line in text
        text = " ".join(text.split())  # long lines are broken between words
        assert "killed by SIGKILL" in text
        assert "Left out: 3 pictures that cannot be read" in text
        assert "missing from a split" in text
        assert "data/issues.csv says which, and why" in text

    def test_hostile_texts_are_shown_as_texts(self, width):
        terminal = Terminal(width)
        terminal.play(
            [
                begin(path=f"runs/{HOSTILE}"),
                DatasetReady(dataset=dataset(HOSTILE), seconds=1.0),
                WorkerReady(ready=replace(READY, warning=HOSTILE)),
                result(0, "failed", None, "build", HOSTILE),
                WorkerLost(detail=HOSTILE),
            ]
        )
        for code in ("\x1b]0;", "\x07", "\x1b[2J", "\u202e"):
            assert code not in terminal.sent
        assert "[red]evil[/red]" in terminal.sent


def searching():
    """A search of thirty trials, begun just now."""
    return [
        begin(),
        WorkerReady(ready=READY),
        plan(),
        *(result(number, score=0.9 if number == 0 else 0.5) for number in range(30)),
        standing(30, 0.9, seconds=250.0),
        TrialStarted(number=30, candidate=Candidate(model={}), parameters=123_456),
        report(30, 2),
    ]


@pytest.mark.parametrize(("width", "height"), [(20, 6), (40, 12), (80, 24), (120, 40)])
class TestTerminalsOfAllSizes:
    def test_the_panel_leaves_a_line_and_a_column_free(self, width, height):
        for panel in Terminal(width, height).play([*STORY, *searching()]):
            lines = panel.rstrip().splitlines()
            assert len(lines) < height
            assert max(map(len, lines)) < width

    def test_what_runs_is_shown_before_what_has_ended(self, width, height):
        assert "trial 30" in Terminal(width, height).play(searching())[-1]

    def test_the_best_trial_stays_in_sight(self, width, height):
        panel = Terminal(width, height).play(searching())[-1]
        if height >= 12:
            assert re.search(r"^ +0 +complete", panel, re.MULTILINE)
            assert re.search(r"^ +29 +complete", panel, re.MULTILINE)


class TestTimeLeft:
    @pytest.fixture(autouse=True)
    def standing_clock(self, monkeypatch):
        """No second passes while these tests run: a busy machine changes nothing."""
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now)

    def show(self, *events, width=120):
        return Terminal(width).play(events)[-1]

    def test_it_is_told_for_search_and_refit(self):
        panel = self.show(*searching())
        assert re.search(r"search 4m10s left, then about 5m50s for retraining", panel)

    def test_a_narrow_terminal_has_fewer_words_for_it(self):
        panel = self.show(*searching(), width=40)
        assert re.search(r"search 4m10s, then 5m50s", panel)

    def test_a_search_that_is_out_of_time_has_none_left(self):
        panel = self.show(*searching(), standing(31, 0.9, seconds=-5.0))
        assert "search 0s left" in panel

    def test_the_retraining_and_the_refit_have_the_rest(self):
        events = [*searching(), SelectionBegun(trials=[0, 3], seeds=1)]
        assert "left for retraining and refit" in self.show(*events)
        refit = RefitBegun(number=0, epochs=4, planned_epochs=4)
        assert re.search(r"(10m|9m5\ds) left for the refit", self.show(*events, refit))

    def test_without_a_limit_it_is_told_how_long_it_has_taken(self):
        panel = self.show(begin(seconds=None), standing(2))
        assert "2/5 trials" in panel
        assert "so far" in panel


class TestRetraining:
    EVENTS = (
        begin(),
        plan(),
        SelectionBegun(trials=[0, 3], seeds=1),
        TrainingBegun(what="retraining of trial 0 (1 of 2)", epochs=4),
    )

    def test_it_has_a_bar_from_its_begin(self):
        panel = Terminal(80).play(self.EVENTS)[-1]
        assert "retraining of trial 0 (1 of 2)" in panel
        assert "epoch 0/4" in panel

    def test_its_result_joins_the_trials(self):
        ended = [retrained(0, 0.8765), TrainingEnded(what="retraining of trial 0 (1 of 2)")]
        panel = Terminal(80).play([*self.EVENTS, *ended])[-1]
        assert re.search(r"0  retrained +0\.8765", panel)
        assert "retraining of" not in panel

    def test_one_that_was_cut_short_is_said_to_be(self):
        panel = Terminal(80).play([*self.EVENTS, retrained(0, None)])[-1]
        assert "cut short" in panel


def test_a_trial_that_the_time_stopped_is_not_called_bad():
    panel = Terminal(80).play([begin(), result(0, "pruned", 0.5, cause="timeout")])[-1]
    assert "out of time" in panel
    assert "pruned" not in panel


class TestPlainLines:
    def play(self, events, capsys):
        with PlainLines() as screen:
            for event in events:
                screen.observe(event)
        out, err = capsys.readouterr()
        assert out == ""
        return err.splitlines()

    def test_every_line_begins_with_the_time(self, capsys):
        lines = self.play(STORY, capsys)
        assert lines
        assert all(re.match(r"\[ *[0-9hms.]+\] \S", line) for line in lines)

    def test_they_tell_the_story(self, capsys):
        text = "\n".join(self.play(STORY, capsys))
        for words in (
            "Run folder runs/one",
            "5 trials, at most 10m",
            "1,022 to train on, 200 to select by, 1,500 to test once",
            "Warning: a GPU is there",
            "trial 0 begins: 123,456 parameters",
            "trial 0 complete: 0.8125 at epoch 2",
            "trial 1 failed (not finite): the loss was not finite in epoch 1",
            "trial 2 pruned: 0.2500",
            "killed by SIGKILL",
            "Refitting trial 0",
        ):
            assert words in text

    def test_a_precision_that_was_not_tried_is_hinted_at(self, capsys):
        lines = self.play([plan(), replace(plan(), untried=True)], capsys)
        assert ["--precision bfloat16" in line for line in lines] == [False, False, True]

    def test_selection_and_refit_are_told_by_name(self, capsys):
        events = [
            SelectionBegun(trials=[0, 3], seeds=1),
            report(None, 1, what="retraining of trial 0 (1 of 2)"),
            retrained(0, 0.8765),
        ]
        text = "\n".join(self.play(events, capsys))
        assert "Retraining trials 0, 3 with 1 fresh seed" in text
        assert "retraining of trial 0 (1 of 2): epoch 1 of 4" in text
        assert "trial 0 retrained: 0.8765, with flips 0.8765 after 4 epochs" in text

    def test_reading_that_takes_long_is_told_now_and_then(self, capsys, monkeypatch):
        clock = iter([0.0, 1.0, 6.0, 6.0, 7.0, 12.0, 12.0])
        monkeypatch.setattr(time, "monotonic", lambda: next(clock))
        lines = PlainLines()
        lines.observe(IngestProgress(stage="reading", done=10, total=None))
        lines.observe(IngestProgress(stage="decoding", done=500, total=2722))
        lines.observe(IngestProgress(stage="decoding", done=600, total=2722))
        lines.observe(IngestProgress(stage="waiting", done=0, total=None))
        assert capsys.readouterr().err.splitlines() == [
            "[  6.0s] decoding: 500 of 2,722 pictures",
            "[   12s] waiting for another process that decodes the same pictures",
        ]

    def test_epochs_are_told_only_now_and_then(self, capsys):
        lines = self.play([report(0, epoch) for epoch in range(1, 5)] * 20, capsys)
        assert len(lines) == 1

    def test_hostile_texts_stay_on_their_line(self, capsys):
        events = [
            begin(path=f"runs/{HOSTILE}"),
            DatasetReady(dataset=dataset(HOSTILE), seconds=1.0),
            WorkerReady(ready=replace(READY, warning=HOSTILE)),
            result(0, "failed", None, "build", HOSTILE),
            WorkerLost(detail=HOSTILE),
        ]
        lines = self.play(events, capsys)
        assert all(line.startswith("[") for line in lines)
        assert not re.search("[\x00-\x1f\x7f\u202e]", "".join(lines))


class TestChoice:
    def test_quiet_shows_nothing(self, capsys):
        with choose_screen(quiet=True) as screen:
            for event in STORY:
                screen.observe(event)
        assert capsys.readouterr() == ("", "")

    def test_without_a_terminal_there_are_lines(self):
        assert isinstance(choose_screen(quiet=False), PlainLines)

    @pytest.mark.parametrize(("kind", "screen"), [("xterm", LiveScreen), ("dumb", PlainLines)])
    def test_a_terminal_that_cannot_move_its_cursor_gets_lines(self, monkeypatch, kind, screen):
        primary, secondary = os.openpty()
        with os.fdopen(primary), os.fdopen(secondary, "w") as terminal:
            monkeypatch.setattr(sys, "stderr", terminal)
            monkeypatch.setenv("TERM", kind)
            assert isinstance(choose_screen(quiet=False), screen)
