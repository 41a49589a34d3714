"""Where the data has groups, the test tells which of them the model fails, whatever they are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

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


def test_other_metrics_of_a_group_are_scikit_learn_s_on_its_pictures(digits_test: Any) -> None:
    labels, probabilities = digits_test.labels, digits_test.probabilities
    groups = [("upper", "lower", None)[place % 3] for place in range(len(labels))]
    measured = compute_metrics(labels, probabilities, "0123456789", groups=groups)["groups"]
    for name, place in (("upper", 0), ("lower", 1)):
        own = labels[place::3]
        shares = np.maximum(probabilities[place::3].astype(float), np.finfo(np.float32).eps)
        predicted = shares.argmax(axis=1)
        for metric, value in {
            "balanced_accuracy": sk.balanced_accuracy_score(own, predicted),
            "macro_f1": sk.f1_score(own, predicted, average="macro"),
            "log_loss": sk.log_loss(own, shares / shares.sum(axis=1, keepdims=True)),
        }.items():
            estimate = measured[name][metric]
            assert estimate["value"] == pytest.approx(value, abs=1e-5), metric
            assert 0 <= estimate["low"] < estimate["value"] < estimate["high"]


def test_a_group_of_one_class_has_no_averages_over_classes() -> None:
    labels, groups = np.array([0, 0, 1]), ["one", "one", "other"]
    measured = compute_metrics(labels, np.eye(2)[[0, 1, 1]], "xy", groups=groups)["groups"]
    for item in measured.values():
        assert item["balanced_accuracy"]["value"] is None
        assert item["macro_f1"]["value"] is None
        assert 0 <= item["log_loss"]["low"] <= item["log_loss"]["high"] < 16


def test_data_without_groups_has_no_such_entry() -> None:
    assert "groups" not in compute_metrics(LABELS, answer([]), "xy")


def test_the_worst_group_comes_first(tmp_path: Path, run_folder: Any) -> None:
    scores = read_scores(make_run(tmp_path / "run", type(run_folder), GROUPS))
    assert scores is not None
    assert [group.name for group in scores.groups] == ["b", "a", "value"]
    assert "classes" not in scores.metrics  # though a class and a group are called "value"
    text = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "<td>62.5%</td><td>61.9%</td>" in text  # balanced accuracy and macro F1 of b
    assert text.index('<th scope="row">b</th>') < text.index('<th scope="row">a</th>')
    assert "| b | 8 | 0.625 |" in write_model_card(tmp_path / "run").read_text(encoding="utf-8")


def test_groups_of_an_older_run_have_their_accuracy_alone(tmp_path: Path, run_folder: Any) -> None:
    folder = make_run(tmp_path / "run", type(run_folder), GROUPS)
    path = folder / "best" / "metrics.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for item in document["groups"].values():
        for name in ("balanced_accuracy", "macro_f1", "log_loss"):
            del item[name]
    path.write_text(json.dumps(document), encoding="utf-8")
    page = write_report(folder).read_text(encoding="utf-8")
    assert page.count("<td>-</td><td>-</td><td>-</td>") == 3


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
