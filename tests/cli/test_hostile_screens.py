"""Five hundred names that mean mischief, on every screen: the terminal is shown them, and obeys none."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hostile_names import HOSTILE_NAMES, STEMS, find_obeyed
from rich.console import Console
from search_events import READY, begin, dataset, result

from imgcls_automl import errors
from imgcls_automl.cli import doctors, main, space_outlines
from imgcls_automl.cli.live_screen import LiveScreen
from imgcls_automl.cli.plain_lines import PlainLines
from imgcls_automl.cli.plugin_lists import ListedPlugin, show_plugins
from imgcls_automl.cli.summary import show_plan
from imgcls_automl.doctor.checks import Check
from imgcls_automl.events import (
    DatasetReady,
    EnsembleChosen,
    SearchStopped,
    TrialsCarried,
    WorkerReady,
)
from imgcls_automl.executors.messages import WorkerLost
from imgcls_automl.plugin import ImageTask
from imgcls_automl.plugin_loading import Loaded
from imgcls_automl.registry import SEARCH_SPACES, PluginInfo
from imgcls_automl.rehearsal import Rehearsal
from imgcls_automl.run_log import logging_to
from imgcls_automl.space_outline import Baseline, Layer, Parameter, SpaceOutline


def list_events(name):
    """All that can name a class, a file, a plugin or a fault while a search runs."""
    classes = ImageTask(image_shape=(8, 8, 1), class_names=(name, name), class_counts=(1, 9))
    whole = replace(dataset(name), task=classes, adapter=name, plugin=name, folds=5)
    return [
        begin(path=f"runs/{name}"),
        DatasetReady(dataset=whole, seconds=1.0),
        WorkerReady(ready=replace(READY, warning=name, device=name, versions={"tensorflow": name})),
        TrialsCarried(origin=Path(name), what="scores", numbers={0: 0}, queued=3),
        result(0, "failed", None, name, name),
        result(1, "complete", 0.5, None, name),
        EnsembleChosen(trials=(), note=name),
        SearchStopped(reason=name),
        WorkerLost(detail=name),
    ]


def test_the_live_screen_sends_nothing_of_theirs():
    paper = io.StringIO()  # no terminal, so that rich itself sends no codes
    console = Console(file=paper, width=80, height=30, highlight=False, markup=False)
    screen = LiveScreen(console)
    with screen:
        for name in HOSTILE_NAMES:
            for event in list_events(name):
                screen.observe(event)
            console.print(screen)
    assert not find_obeyed(paper.getvalue())
    assert "[red]rich[/red]19" in paper.getvalue()


def test_plain_lines_stay_lines(capsys):
    lines = PlainLines()
    for name in HOSTILE_NAMES:
        for event in list_events(name):
            lines.observe(event)
    shown = capsys.readouterr().err
    assert not find_obeyed(shown)
    assert all(line.startswith("[") for line in shown.splitlines())


def test_plans_are_told_in_plain_texts(capsys):
    for name in HOSTILE_NAMES:
        started, ready, worker, *_ = list_events(name)
        plan = Rehearsal(
            config=replace(started.config, space=name),
            budget=started.budget,
            dataset=ready.dataset,
            ready=worker.ready,
            baselines=[],
        )
        show_plan(plan, json=False)
        show_plan(plan, json=True)
    assert not find_obeyed(capsys.readouterr().out)


@pytest.mark.parametrize("kind", [errors.DatasetError, RuntimeError])
def test_errors_are_told_on_lines_of_their_own(kind, capsys):
    for name in HOSTILE_NAMES:
        code = main._explain(kind(f"{name} cannot be.\nTake {name} away."), ["--json"])
        shown = capsys.readouterr()
        assert not find_obeyed(shown.err + shown.out)
        assert json.loads(shown.out)["exit_code"] == code


@pytest.mark.parametrize(
    "words", [("leaderboard",), ("report",), ("spaces", "show"), ("plugins", "check"), ("predict",)]
)
def test_what_a_user_names_and_is_not_there_is_told_back_harmless(words, capsys):
    for name in HOSTILE_NAMES[: len(STEMS)]:
        asked = [name, name] if words == ("predict",) else [name]
        assert main.run_command([*words, "--", *asked]) in (2, 3, 5)
        assert not find_obeyed(capsys.readouterr().err)


def test_a_log_can_be_shown_on_a_terminal(tmp_path, monkeypatch):
    # Not to pytest, whose workers cannot send each other what is no text.
    monkeypatch.setattr(logging.getLogger("imgcls_automl"), "propagate", False)
    with logging_to(tmp_path / "log.txt"):
        for name in HOSTILE_NAMES:
            logging.getLogger("imgcls_automl.data").warning("Left out %s", name)
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert not find_obeyed(log)
    assert "{% include 'x' %}19" in log


def name_plugin(name):
    return PluginInfo(name=name, group=SEARCH_SPACES, value=name, distribution=name, version=name)


@pytest.mark.parametrize("form", ["table", "json", "requirements"])
def test_plugins_are_listed_as_they_call_themselves(form, capsys):
    loaded = [Loaded(api_version=1, seconds=0.1, cause=name) for name in HOSTILE_NAMES]
    plugins = [
        ListedPlugin(info=name_plugin(name), status="broken", loaded=it)
        for name, it in zip(HOSTILE_NAMES, loaded, strict=True)
    ]
    show_plugins(plugins, form)
    shown = capsys.readouterr().out
    assert not find_obeyed(shown)
    assert "{{7*7}}" in shown


def test_a_space_shows_itself_in_plain_texts(capsys):
    values = dict.fromkeys(HOSTILE_NAMES, "=x")
    outline = SpaceOutline(
        about=" ".join(HOSTILE_NAMES),
        api_version=1,
        parameters=tuple(
            Parameter(name=name, kind="categorical", choices=(name,), condition=name)
            for name in HOSTILE_NAMES
        ),
        draws=9,
        infeasible=1,
        baselines=(Baseline(parameters=values, weights=7),),
        layers=tuple(Layer(name=it, kind=it, shape=it, weights=7) for it in HOSTILE_NAMES),
        weights=7,
    )
    task = ImageTask(image_shape=(8, 8, 1), class_names=("a", "b"), class_counts=(1, 1))
    space_outlines._show_outline(outline, name_plugin(HOSTILE_NAMES[0]), task)
    assert not find_obeyed(capsys.readouterr().out)


def test_a_doctor_names_nothing_that_is_obeyed():
    for name in HOSTILE_NAMES:
        check = Check(name="plugins", status="problem", told=name, advice=name)
        shown = doctors._format_check(check).replace("\x1b[0m", "")
        assert find_obeyed(shown) <= {"\x1b"}  # its own colours, which a pipe is not sent
        assert "\x1b[31mred" not in shown
