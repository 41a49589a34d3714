"""The majority floor is what scikit-learn measures of a classifier that never looks at a picture."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from sklearn import metrics as sk

from imgcls_automl.data.floors import compute_floors
from imgcls_automl.data.prepare import prepare_dataset


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ((60, 30, 10), [0] * 6 + [1] * 3 + [2]),
        ((5, 50), [0, 0, 1]),
        ((10, 10, 80), [0, 1, 1, 0]),  # the frequent class does not occur on validation
    ],
)
def test_floors_are_those_of_scikit_learn(counts, labels):
    floors = compute_floors(counts, np.array(labels, np.int32))
    named = [int(np.argmax(counts))] * len(labels)
    shares = np.tile(np.array(counts) / sum(counts), (len(labels), 1))
    assert floors == {
        "accuracy": pytest.approx(sk.accuracy_score(labels, named)),
        "macro_f1": pytest.approx(sk.f1_score(labels, named, average="macro", zero_division=0)),
        "log_loss": pytest.approx(sk.log_loss(labels, shares, labels=range(len(counts)))),
    }


def test_a_data_set_carries_the_floor_of_its_validation_split(make_request, draw_folder):
    dataset = prepare_dataset(make_request(draw_folder(dog=20, cat=60)), folder=None, log=None)
    labels = np.load(dataset.labels)[np.load(dataset.splits) == 1]
    assert dataset.floor["accuracy"] == pytest.approx(float(np.mean(labels == 0)))
    assert set(dataset.floor) == {"accuracy", "macro_f1", "log_loss"}


class TestGroups:
    def prepare(self, request, folder):
        prepare_dataset(request, folder=folder, log=None)
        with (folder / "splits.csv").open(newline="", encoding="utf-8") as file:
            splits = list(csv.DictReader(file))
        assert list(splits[0]) == ["id", "label", "split"]
        return splits

    def test_a_source_with_groups_has_them_written_beside_its_splits(
        self, make_request, draw_folder, tmp_path
    ):
        folder = tmp_path / "data"
        splits = self.prepare(make_request(draw_folder(ill=80, well=80), "Patients"), folder)
        with (folder / "groups.csv").open(newline="", encoding="utf-8") as file:
            groups = list(csv.DictReader(file))
        assert [row["id"] for row in groups] == [row["id"] for row in splits]
        assert all(row["group"] for row in groups)
        assert json.loads((folder / "summary.json").read_text())["grouped"] is True

    def test_a_source_without_groups_has_no_such_file(self, make_request, draw_folder, tmp_path):
        self.prepare(make_request(draw_folder(dog=20, cat=30)), tmp_path / "data")
        assert not (tmp_path / "data" / "groups.csv").exists()
