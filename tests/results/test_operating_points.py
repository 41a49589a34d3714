"""Thresholds on one of two classes: what each buys, and the curves of all."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from imgcls_automl.results.operating_points import list_operating_points, write_curves


@pytest.fixture
def answers():
    """Whether 400 pictures are positive, and a score that tells with some errors."""
    random = np.random.default_rng(0)
    is_positive = random.random(400) < 0.3
    return is_positive, np.clip(random.normal(0.35 + 0.3 * is_positive, 0.15), 0, 1)


def read_rows(path):
    with path.open(newline="") as file:
        return [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def test_a_point_counts_what_is_named_from_its_threshold_up(answers):
    is_positive, scores = answers
    point = next(it for it in list_operating_points(*answers) if it["threshold"] == 0.5)
    named = scores >= 0.5
    assert point["named"] == named.sum()
    assert point["precision"]["value"] == is_positive[named].mean()
    assert point["recall"]["value"] == named[is_positive].mean()
    assert point["specificity"]["value"] == (~named)[~is_positive].mean()
    for rate in ("precision", "recall", "specificity"):
        assert point[rate]["low"] < point[rate]["value"] < point[rate]["high"]


def test_a_share_of_nothing_is_no_figure():
    points = list_operating_points(np.array([True, True]), np.array([0.4, 0.45]))
    assert points[-1]["precision"] is None
    assert points[-1]["specificity"] is None
    assert points[-1]["recall"]["value"] == 0


def test_the_curves_are_written_and_enclose_the_area(answers, tmp_path):
    write_curves(tmp_path, *answers)
    roc = read_rows(tmp_path / "roc_curve.csv")
    rates = [[row[name] for row in roc] for name in ("false_positive_rate", "true_positive_rate")]
    assert np.trapezoid(rates[1], rates[0]) == pytest.approx(roc_auc_score(*answers))
    assert all(math.isfinite(row["threshold"]) for row in roc)
    curve = read_rows(tmp_path / "precision_recall_curve.csv")
    assert (curve[-1]["precision"], curve[-1]["recall"]) == (1, 0)
    assert len(read_rows(tmp_path / "operating_points.csv")) == len(list_operating_points(*answers))


def test_pictures_of_one_class_have_points_but_no_curves(tmp_path):
    write_curves(tmp_path, np.ones(3, bool), np.array([0.2, 0.6, 0.9]))
    assert [path.name for path in tmp_path.iterdir()] == ["operating_points.csv"]
