"""A space that is tried while pictures are read: told as soon as it is known to be broken."""

from __future__ import annotations

import time

import pytest

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.registry import SEARCH_SPACES, find
from imgcls_automl.space_check import trying_space


def wait_for_answer(raise_broken, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        raise_broken()
        time.sleep(0.02)


def test_a_broken_one_is_told(tmp_path):
    (tmp_path / "space.py").write_text("class Space:\n    def suggest(")
    space = find(SEARCH_SPACES, f"{tmp_path}/space.py:Space")
    with (
        pytest.raises(BrokenPluginError, match=r"space.py:Space.* cannot be imported: SyntaxError"),
        trying_space(space, {}, log=None) as raise_broken,
    ):
        wait_for_answer(raise_broken, 60)


def test_a_whole_one_is_not_spoken_of():
    space = find(SEARCH_SPACES, "cnn_small")
    with trying_space(space, {}, log=None) as raise_broken:
        wait_for_answer(raise_broken, 1)


def test_one_that_takes_its_process_down_is_left_to_the_workers_to_tell_of(tmp_path):
    (tmp_path / "space.py").write_text("import os; os._exit(3)")
    space = find(SEARCH_SPACES, f"{tmp_path}/space.py:Space")
    with trying_space(space, {}, log=None) as raise_broken:
        wait_for_answer(raise_broken, 1)
