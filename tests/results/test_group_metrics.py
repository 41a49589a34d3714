"""Each group has every metric of the test as a whole: scikit-learn's values on its own pictures, with intervals."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from imgcls_automl.results.metrics import compute_metrics
from imgcls_automl.results.model_card import write_model_card
from imgcls_automl.results.report import write_report
from imgcls_automl.results.scores import read_scores

NAMES = {
    *("accuracy", "balanced_accuracy", "log_loss", "roc_auc", "expected_calibration_error"),
    *("macro_precision", "macro_recall", "macro_f1"),
    *("weighted_precision", "weighted_recall", "weighted_f1"),
}
UNKNOWN = {"value": None, "low": None, "high": None}
SIZES = {"whole": 150, "few": 20, "one picture": 1, "one class": 7}


def draw(labels: np.ndarray, classes: int) -> np.ndarray:
    logits = np.random.default_rng(0).normal(size=(len(labels), classes))
    logits[np.arange(len(labels)), labels] += 1.0
    weights = np.exp(logits)
    return weights / weights.sum(axis=1, keepdims=True)


def draw_groups(classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, probabilities and groups, in mixed order: one group has all classes, others lack some."""
    generator = np.random.default_rng(classes)
    labels = np.concatenate(
        [
            np.arange(SIZES["whole"]) % classes,
            generator.integers(max(2, classes - 1), size=SIZES["few"]),
            [1],
            np.zeros(SIZES["one class"], dtype=int),
        ]
    )
    order = generator.permutation(len(labels))
    return (
        labels[order],
        draw(labels[order], classes),
        np.repeat([*SIZES], [*SIZES.values()])[order],
    )


def measure_groups(
    labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray
) -> dict[str, dict[str, Any]]:
    names = [str(number) for number in range(probabilities.shape[1])]
    measured: dict[str, dict[str, Any]] = compute_metrics(
        labels, probabilities, names, groups=list(groups)
    )["groups"]
    return measured


def ask_scikit_learn(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    predicted, every = probabilities.argmax(axis=1), range(probabilities.shape[1])
    values = {
        "accuracy": sk.accuracy_score(labels, predicted),
        "log_loss": sk.log_loss(labels, probabilities, labels=every),
        "expected_calibration_error": find_calibration_error(labels, probabilities),
    }
    if len(every) > 10:
        values["top_5_accuracy"] = sk.top_k_accuracy_score(labels, probabilities, k=5, labels=every)
    if len(np.unique(labels)) == 2 == len(every):
        values["roc_auc"] = sk.roc_auc_score(labels, probabilities[:, 1])
    elif len(np.unique(labels)) == len(every):
        values["roc_auc"] = sk.roc_auc_score(labels, probabilities, multi_class="ovr")
    if len(np.unique(labels)) > 1:
        shown = np.unique(labels)
        values["balanced_accuracy"] = sk.recall_score(
            labels, predicted, labels=shown, average="macro"
        )
        for average in ("macro", "weighted"):
            found = sk.precision_recall_fscore_support(
                labels, predicted, average=average, zero_division=0.0
            )
            for name, value in zip(("precision", "recall", "f1"), found, strict=False):
                values[f"{average}_{name}"] = value
    return values


def find_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    right, sure = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    true, said = calibration_curve(right, sure, n_bins=15)
    counts, _ = np.histogram(sure, bins=15, range=(0, 1))
    return float((np.abs(true - said) * counts[counts > 0]).sum() / len(labels))


@pytest.mark.parametrize("classes", [2, 4, 12])
@pytest.mark.parametrize("group", [*SIZES])
def test_values_are_those_of_scikit_learn(classes: int, group: str) -> None:
    labels, probabilities, groups = draw_groups(classes)
    measured = measure_groups(labels, probabilities, groups)[group]
    expected = ask_scikit_learn(labels[groups == group], probabilities[groups == group])
    assert measured.pop("support") == SIZES[group]
    assert measured.keys() == NAMES | ({"top_5_accuracy"} if classes > 10 else set())
    for name, value in expected.items():
        assert measured[name]["value"] == pytest.approx(value, abs=1e-5), name
    assert all(measured[name] == UNKNOWN for name in measured.keys() - expected.keys())
    assert ("roc_auc" in expected) == (group == "whole" or (group == "few" and classes == 2))
    assert ("macro_f1" in expected) == (group in {"whole", "few"})


@pytest.mark.parametrize("classes", [2, 4, 12])
def test_every_value_lies_inside_its_interval(classes: int) -> None:
    for group in measure_groups(*draw_groups(classes)).values():
        for name in group.keys() - {"support"}:
            estimate = group[name]
            if estimate != UNKNOWN:
                assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"], name
                assert estimate["low"] < estimate["high"], name


@pytest.mark.parametrize("classes", [2, 12])
def test_equal_probabilities_count_as_scikit_learn_counts_them(classes: int) -> None:
    labels = np.arange(60) % classes
    # Sixteenths, which add up to 1 without rounding.
    probabilities = np.random.default_rng(0).multinomial(16, draw(labels, classes)) / 16
    measured = measure_groups(labels, probabilities, np.full(60, "all"))["all"]
    expected = ask_scikit_learn(labels, probabilities)
    for name in expected.keys() & {"roc_auc", "top_5_accuracy"}:
        assert measured[name]["value"] == pytest.approx(expected[name]), name


@pytest.mark.parametrize("classes", [2, 4, 12])
def test_a_group_of_all_pictures_is_told_as_the_whole_test_is(classes: int) -> None:
    labels = np.arange(120) % classes
    probabilities = draw(labels, classes)
    names = [str(number) for number in range(classes)]
    whole = compute_metrics(labels, probabilities, names, groups=["all"] * 120)
    group = whole.pop("groups")["all"]
    assert group.keys() - {"support"} == whole.keys() - {"classes"}
    for name in group.keys() - {"support"}:
        assert group[name] == pytest.approx(whole[name]), name


def test_intervals_of_a_group_are_those_of_resampling_it_alone() -> None:
    labels, probabilities, groups = draw_groups(4)
    measured = measure_groups(labels, probabilities, groups)["few"]
    own, answers = labels[groups == "few"], probabilities[groups == "few"]
    generator = np.random.default_rng(5)
    drawn = []
    for _ in range(400):
        chosen = generator.integers(len(own), size=len(own))
        drawn.append(ask_scikit_learn(own[chosen], answers[chosen]))
    for name in ("macro_precision", "weighted_precision", "weighted_f1"):
        low, high = np.percentile([it[name] for it in drawn], [2.5, 97.5])
        assert measured[name]["low"] == pytest.approx(low, abs=0.06), name
        assert measured[name]["high"] == pytest.approx(high, abs=0.06), name


def test_one_picture_tells_nothing_of_the_calibration_of_others() -> None:
    labels, probabilities, groups = draw_groups(4)
    calibration = measure_groups(labels, probabilities, groups)["one picture"]
    estimate = calibration["expected_calibration_error"]
    assert (estimate["low"], estimate["high"]) == (0.0, 1.0)


def test_the_same_answers_give_the_same_groups() -> None:
    assert measure_groups(*draw_groups(4)) == measure_groups(*draw_groups(4))


def test_pictures_without_a_group_belong_to_none() -> None:
    labels = np.arange(10) % 2
    answers = draw(labels, 2)
    assert compute_metrics(labels, answers, "xy", groups=[None] * 10)["groups"] == {}


def test_two_thousand_groups_of_ten_thousand_pictures_cost_a_few_seconds() -> None:
    labels = np.random.default_rng(1).integers(10, size=10_000)
    probabilities = draw(labels, 10)
    groups = np.array([f"patient {number % 2_000}" for number in range(10_000)])
    begun = time.process_time()
    assert len(measure_groups(labels, probabilities, groups)) == 2_000
    assert time.process_time() - begun < 5


def test_a_run_with_all_of_them_is_read_and_shown(tmp_path: Path, run_folder_kind: Any) -> None:
    run = run_folder_kind(tmp_path / "run", class_names=("cat", "dog", "owl"))
    labels, probabilities, groups = draw_groups(3)
    ids = [str(number) for number in range(len(labels))]
    run.write_run(best_trial=0).write_trial(0).write_best(labels, probabilities, ids, list(groups))
    scores = read_scores(run.path)
    assert scores is not None
    document = json.loads((run.path / "best" / "metrics.json").read_text(encoding="utf-8"))
    assert document["groups"]["one picture"]["roc_auc"] == UNKNOWN
    told = {group.name: group.macro_f1.value for group in scores.groups}
    assert told["few"] == document["groups"]["few"]["macro_f1"]["value"]
    assert '<th scope="row">few</th>' in write_report(run.path).read_text(encoding="utf-8")
    assert "| few | 20 |" in write_model_card(run.path).read_text(encoding="utf-8")
