"""Several workers on the screens: which trial runs where; one alone is not spoken of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drawn_terminal import Terminal
from search_events import READY, begin, report, standing

from imgcls_automl.cli.plain_lines import PlainLines
from imgcls_automl.events import WorkerReady
from imgcls_automl.executors.messages import TrialStarted
from imgcls_automl.plugin import Candidate


def run_two(*places):
    """Two trials that run at once, one of them in its second epoch."""
    first, second = (
        TrialStarted(number=number, candidate=Candidate(model={}), parameters=9, where=where)
        for number, where in zip((30, 31), places, strict=True)
    )
    ready = WorkerReady(ready=replace(READY, where=places[0]))
    epoch = replace(report(30, 2), where=places[0])
    return [begin(), ready, standing(30, 0.5), first, second, epoch]


@pytest.mark.parametrize("height", [10, 30])
@pytest.mark.parametrize("places", [("worker 0", "worker 1"), ("GPU 0", "GPU 3")])
def test_each_running_trial_names_its_worker(places, height):
    panel = Terminal(100, height).play(run_two(*places))[-1]
    first, second = panel.rstrip().splitlines()[-2:]
    assert first.startswith(f"trial 30 on {places[0]} ")
    assert first.endswith("epoch 2/4  score 0.5000")
    assert second.startswith(f"trial 31 on {places[1]} ")


def test_a_narrow_terminal_has_fewer_letters_for_it():
    panel = Terminal(40).play(run_two("worker 0", "worker 1"))[-1]
    assert "trial 30 w0 epoch 2/4  score 0.5000" in panel
    assert "trial 31 w1 9 parameters" in panel


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("refit of trial 0", "refit of trial 0 epoch 2/4  score 0.5000"),
        ("retraining of trial 7 (1 of 2)", "…f trial 7 (1 of 2) epoch 2/4  score 0.5000"),
    ],
)
def test_numbers_matter_more_than_the_worker_and_the_name(what, shown):
    epoch = replace(report(None, 2, what=what), where="worker 1")
    assert shown in Terminal(len(shown) + 1).play([begin(), epoch])[-1]


def test_one_worker_is_not_spoken_of():
    panel = Terminal(100).play(run_two("", ""))[-1]
    assert "trial 30 ━" in panel
    assert " on " not in panel


def test_the_device_line_says_whose_device_it_names():
    panel = Terminal(100).play(run_two("GPU 0", "GPU 3"))[-1]
    assert "GPU 0: CPU, 2 threads, tensorflow 2.21.0" in panel


def test_lines_name_the_worker_too(capsys):
    for event in run_two("worker 0", "worker 1"):
        PlainLines().observe(event)
    shown = capsys.readouterr().err
    assert "trial 31 begins on worker 1: 9 parameters" in shown
