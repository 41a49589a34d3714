"""Where the data has groups, the test tells which of them the model fails, whatever they are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgcls_automl.results.metrics import compute_metrics
from imgcls_automl.results.model_card import write_model_card
from imgcls_automl.results.report import write_report
from imgcls_automl.results.scores import read_scores

LABELS = np.array([0, 1] * 10)
GROUPS = ["a"] * 8 + ["b"] * 8 + ["value"] * 3 + [None]


def answer(wrong: list[int]) -> np.ndarray:
    said = LABELS.copy()
    said[wrong] = 1 - said[wrong]
    return np.eye(2, dtype=np.float32)[said]


def make_run(path: Path, kind: type, groups: list[str | None] | None) -> Path:
    run = kind(path, class_names=("value", "dog")).write_run(best_trial=0).write_trial(0)
    run.write_best(LABELS, answer([8, 9, 10, 0]), [str(n) for n in range(20)], groups)
    return Path(run.path)


def test_each_group_has_its_accuracy_and_support() -> None:
    groups = compute_metrics(LABELS, answer([8, 9, 10, 0]), "xy", groups=GROUPS)["groups"]
    assert {name: item["support"] for name, item in groups.items()} == {"a": 8, "b": 8, "value": 3}
    assert groups["a"]["accuracy"]["value"] == pytest.approx(7 / 8)
    assert groups["b"]["accuracy"]["value"] == pytest.approx(5 / 8)
    for item in groups.values():
        estimate = item["accuracy"]
        assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1


def test_data_without_groups_has_no_such_entry() -> None:
    assert "groups" not in compute_metrics(LABELS, answer([]), "xy")


def test_the_worst_group_comes_first(tmp_path: Path, run_folder: Any) -> None:
    scores = read_scores(make_run(tmp_path / "run", type(run_folder), GROUPS))
    assert scores is not None
    assert [group.name for group in scores.groups] == ["b", "a", "value"]
    assert "classes" not in scores.metrics  # though a class and a group are called "value"
    text = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert text.index('<th scope="row">b</th>') < text.index('<th scope="row">a</th>')
    assert "| b | 8 | 0.625 |" in write_model_card(tmp_path / "run").read_text(encoding="utf-8")


def test_a_report_without_groups_says_nothing_of_them(tmp_path: Path, run_folder: Any) -> None:
    folder = make_run(tmp_path / "run", type(run_folder), None)
    assert "Group by group" not in write_report(folder).read_text(encoding="utf-8")


def test_names_of_groups_are_harmless(tmp_path: Path, run_folder: Any) -> None:
    hostile = ["<script>x</script>", "\x1b[31m|\n# head\u202e", "=cmd()", "{{ 7*7 }}"] * 5
    folder = make_run(tmp_path / "run", type(run_folder), hostile)
    page = write_report(folder).read_text(encoding="utf-8")
    card = write_model_card(folder).read_text(encoding="utf-8")
    raw = (folder / "best" / "metrics.json").read_text(encoding="utf-8")
    assert "<script>x" not in page
    assert "# head" not in card.splitlines()
    assert not {"\x1b", "\u202e"} & set(page + card + raw)
    assert set(json.loads(raw)["groups"]) == set(hostile)


def test_only_the_worst_of_many_groups_are_shown(tmp_path: Path, run_folder: Any) -> None:
    run = type(run_folder)(tmp_path / "many", class_names=("cat", "dog")).write_run(best_trial=0)
    labels = np.arange(60) % 2
    run.write_trial(0).write_best(
        labels,
        np.eye(2, dtype=np.float32)[labels],
        [str(n) for n in range(60)],
        [f"patient {n // 2}" for n in range(60)],
    )
    assert "10 more stand in best/metrics.json" in write_report(run.path).read_text("utf-8")
