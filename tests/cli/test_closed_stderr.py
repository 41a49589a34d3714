"""A stderr that nobody reads any more: a search goes on in silence, and exit codes stay what they are."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from search_events import STORY

from imgcls_automl.cli.lasting_stderr import LastingStream
from imgcls_automl.cli.live_screen import LiveScreen
from imgcls_automl.cli.plain_lines import PlainLines
from imgcls_automl.cli.screens import Silence, choose_screen


@pytest.fixture
def closed_pipe():
    """A pipe's writing end whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


class TestCommands:
    @pytest.mark.parametrize(
        ("arguments", "code"), [(("leaderboard", "nowhere"), 2), (("spaces", "list"), 0)]
    )
    def test_they_end_with_their_own_code(self, command, environment, closed_pipe, arguments, code):
        done = subprocess.run(
            [command, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=closed_pipe,
            check=False,
        )
        assert done.returncode == code

    def test_a_search_does_not_end_with_it(self, command, environment, closed_pipe, tmp_path):
        # It speaks of its run folder first. That there are no pictures it finds out afterwards.
        words = ("search", "--space", "cnn_small", "--data", "nowhere", "--trials", "1", "--json")
        done = subprocess.run(
            [command, *words],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=closed_pipe,
            check=False,
        )
        assert done.returncode == 3
        assert "nowhere" in json.loads(done.stdout)["error"]

    def test_one_that_was_closed_from_the_start_is_no_fault(self, command, environment):
        words = f"exec {command} leaderboard nowhere --json 2>&-"
        done = subprocess.run(
            ["sh", "-c", words], env=environment, stdout=subprocess.PIPE, check=False
        )
        assert done.returncode == 2
        assert json.loads(done.stdout)["exit_code"] == 2

    def test_a_terminal_that_is_gone_is_no_bug(self, command, environment):
        primary, secondary = os.openpty()
        os.close(primary)
        done = subprocess.run(
            [command, "spaces", "list"],
            env=environment,
            stdout=secondary,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(secondary)
        assert (done.returncode, done.stderr) == (0, b"")


class TestScreens:
    def test_lines_go_nowhere(self, monkeypatch, closed_pipe):
        with os.fdopen(closed_pipe, "w", closefd=False) as stderr:
            monkeypatch.setattr(sys, "stderr", LastingStream(stderr))
            lines = PlainLines()
            for event in STORY:
                lines.observe(event)

    def test_a_live_screen_outlives_its_terminal(self, monkeypatch):
        primary, secondary = os.openpty()
        with os.fdopen(secondary, "w") as terminal:
            monkeypatch.setattr(sys, "stderr", terminal)
            monkeypatch.setenv("TERM", "xterm")
            screen = choose_screen(quiet=False)
            assert isinstance(screen, LiveScreen)
            with screen:
                screen.observe(STORY[0])
                os.close(primary)
                for event in STORY[1:]:
                    screen.observe(event)

    def test_without_a_stderr_there_is_none(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", None)
        assert isinstance(choose_screen(quiet=False), Silence)


def test_what_is_no_going_away_is_raised():
    with Path("/dev/full").open("w", encoding="utf-8", buffering=1) as full:
        stream = LastingStream(full)
        with pytest.raises(OSError, match="No space") as raised:
            stream.write("a line\n")
        assert raised.value.errno == errno.ENOSPC
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
