"""Folds are even in size and classes, keep groups whole, and depend on ids and seed alone."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from imgcls_automl.data.folds import assign_folds
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.data.splits import assign_splits
from imgcls_automl.errors import DatasetError


def deal(contents, count, seed=0):
    return assign_folds(contents, assign_splits(contents, seed, validates=False), count, seed)


@pytest.fixture
def patients(make_contents):
    """Sixty patients of four pictures each, every other one ill."""

    def make(count=60):
        numbers = range(4 * count)
        labels = [("ill", "well")[(number // 4) % 2] for number in numbers]
        return make_contents(labels, groups=[f"patient {number // 4}" for number in numbers])

    return make


class TestPictures:
    def test_each_class_is_dealt_evenly(self, make_contents):
        contents = make_contents(["a"] * 101 + ["b"] * 53 + ["c"] * 29)
        folds = deal(contents, 4)
        for label in range(3):
            dealt = np.bincount(folds[(contents.labels == label) & (folds >= 0)], minlength=4)
            assert dealt.max() - dealt.min() <= 1
        sizes = np.bincount(folds[folds >= 0])
        assert sizes.max() - sizes.min() <= 1

    def test_the_test_split_is_the_one_of_a_search_without_folds(self, make_contents):
        contents = make_contents(["a"] * 100 + ["b"] * 50)
        assert ((deal(contents, 5) < 0) == (assign_splits(contents, 0) == 2)).all()

    def test_the_seed_decides(self, make_contents):
        contents = make_contents(["a", "b"] * 60)
        assert (deal(contents, 3, seed=4) == deal(contents, 3, seed=4)).all()
        assert (deal(contents, 3, seed=4) != deal(contents, 3, seed=5)).any()

    def test_a_class_smaller_than_the_folds_is_still_in_every_training(self, make_contents):
        contents = make_contents(["few"] * 3 + ["many"] * 60)
        folds = deal(contents, 5)
        held = folds[(contents.labels == 0) & (folds >= 0)]
        assert len(set(held.tolist())) == len(held) == 2

    @pytest.mark.parametrize("grouped", [False, True])
    def test_the_order_of_the_source_does_not_matter(self, make_contents, grouped):
        ids = [f"picture {number}" for number in range(120)]
        labels = [("a", "b", "c")[number % 3] for number in range(120)]
        groups = [f"group {number // 5}" for number in range(120)] if grouped else [None] * 120
        order = np.random.default_rng(1).permutation(120)

        def pick(values):
            return [values[index] for index in order]

        straight = make_contents(labels, ids=ids, groups=groups)
        shuffled = make_contents(pick(labels), ids=pick(ids), groups=pick(groups))
        assert (deal(straight, 4)[order] == deal(shuffled, 4)).all()


class TestGroups:
    def test_they_are_kept_whole_and_classes_about_even(self, patients):
        contents = patients()
        folds = deal(contents, 5)
        for patient in range(60):
            assert len(set(folds[4 * patient : 4 * patient + 4].tolist())) == 1
        for fold in range(5):
            assert np.mean(contents.labels[folds == fold]) == pytest.approx(0.5, abs=0.15)

    def test_pictures_without_one_are_dealt_one_by_one(self, make_contents):
        contents = make_contents(["a", "b"] * 50, groups=["scene"] * 10 + [None] * 90)
        folds = deal(contents, 3)
        assert len(set(folds[:10].tolist())) == 1
        assert set(folds.tolist()) == {-1, 0, 1, 2}


class TestRefusals:
    def refuse(self, contents, count):
        with pytest.raises(DatasetError) as caught:
            deal(contents, count)
        return str(caught.value)

    def test_more_folds_than_the_largest_class_has_pictures(self, make_contents):
        message = self.refuse(make_contents(["a"] * 10 + ["b"] * 8), 12)
        assert "--folds 12 is too many" in message
        assert "no class has more than 8 pictures" in message
        assert "Ask for 8 at most." in message

    def test_more_folds_than_the_largest_class_has_groups(self, patients):
        assert "no class has more than 4 groups" in self.refuse(patients(count=10), 9)

    def test_a_class_of_a_single_group(self, make_contents):
        groups = ["rare"] * 6 + [f"{number // 3}" for number in range(90)]
        contents = make_contents(["rare"] * 6 + ["common"] * 90, groups=groups)
        splits = np.zeros(96, np.uint8)
        with pytest.raises(DatasetError, match="'rare' has too few groups for --folds 3"):
            assign_folds(contents, splits, 3, 0)

    def test_a_source_that_states_a_validation_split(self, make_contents):
        stated = ["train"] * 80 + ["validation"] * 20
        message = self.refuse(make_contents(["a", "b"] * 50, stated=stated), 5)
        assert "states a validation split" in message
        assert "Leave --folds out" in message


class TestPreparedData:
    @pytest.fixture
    def prepared(self, make_request, draw_folder, tmp_path):
        request = make_request(draw_folder(cat=24, dog=14), folds=3)
        return prepare_dataset(request, folder=tmp_path / "data", log=None)

    def test_all_that_is_not_for_the_test_is_in_train_and_in_a_fold(self, prepared):
        splits, folds = np.load(prepared.splits), np.load(prepared.fold_file)
        assert ((splits == 0) == (folds >= 0)).all()
        assert prepared.split_sizes == (32, 0, 6)
        assert (prepared.folds, prepared.trainings, prepared.training_size) == (3, 3, 22)

    def test_the_table_of_splits_has_a_last_column_with_folds_from_one(self, prepared, tmp_path):
        with (tmp_path / "data/splits.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["id", "label", "split", "fold"]
        assert {row["fold"] for row in rows if row["split"] == "train"} == {"1", "2", "3"}
        assert {row["fold"] for row in rows if row["split"] == "test"} == {""}

    def test_the_floor_is_the_mean_over_the_folds(self, prepared):
        # 20 cats and 12 dogs in three folds: naming cats is right for what there is of them in each.
        folds, labels = np.load(prepared.fold_file), np.load(prepared.labels)
        shares = [np.mean(labels[folds == fold] == 0) for fold in range(3)]
        assert prepared.floor["accuracy"] == pytest.approx(np.mean(shares))

    def test_a_search_without_folds_has_none(self, make_request, draw_folder, tmp_path):
        request = make_request(draw_folder(cat=24, dog=14))
        dataset = prepare_dataset(request, folder=tmp_path / "data", log=None)
        assert (dataset.folds, dataset.fold_file, dataset.trainings) == (None, None, 1)
        assert dataset.training_size == dataset.split_sizes[0]
        header = (tmp_path / "data/splits.csv").read_text().splitlines()[0]
        assert header == "id,label,split"
