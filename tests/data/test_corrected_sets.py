"""--exclude and --relabel on real pictures: the data stage from files to a run's data/ folder."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from imgcls_automl.data.dataset import LEFT_OUT, NO_LABEL
from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.errors import DatasetError


def read_rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def source(draw_folder):
    return draw_folder(cat=20, dog=20)


@pytest.fixture
def prepare(make_request, tmp_path, source):
    """Prepare the source with lists of these contents; the run's data/ folder is `tmp_path/"data"`."""

    def prepare(exclude=None, relabel=None):
        lists = {"exclude": exclude, "relabel": relabel}
        given = {name: text for name, text in lists.items() if text is not None}
        for name, text in given.items():
            (tmp_path / f"{name}.csv").write_text(text)
        paths = {name: (str(tmp_path / f"{name}.csv"),) for name in given}
        return prepare_dataset(make_request(source, **paths), folder=tmp_path / "data", log=None)

    return prepare


class TestExclude:
    def test_excluded_pictures_are_in_no_split_and_nothing_is_decoded_again(
        self, prepare, tmp_path
    ):
        before = prepare()
        after = prepare(exclude="id\ncat/003.png\ndog/000.png\n")
        assert (before.cached, after.cached) == (False, True)
        assert after.images == before.images
        assert after.fingerprint != before.fingerprint
        assert sum(after.split_sizes) == 38
        splits, labels = np.load(after.splits), np.load(after.labels)
        assert np.flatnonzero(splits == LEFT_OUT).tolist() == [3, 20]
        assert np.flatnonzero(labels == NO_LABEL).tolist() == [3, 20]
        assert after.remarks == ("2 pictures are left out as --exclude says",)
        assert after.corrections.startswith("2 excluded, 0 relabelled (")

    def test_the_records_say_which(self, prepare, tmp_path):
        prepare(exclude="cat/003.png\n")
        rows = read_rows(tmp_path / "data/splits.csv")
        assert rows[3] == {"id": "cat/003.png", "label": "cat", "split": "excluded"}
        assert len(rows) == 40
        (issue,) = read_rows(tmp_path / "data/issues.csv")
        assert (issue["id"], issue["problem"]) == ("cat/003.png", "excluded")
        assert issue["detail"].endswith("exclude.csv, line 1")
        summary = json.loads((tmp_path / "data/summary.json").read_text())
        assert (summary["pictures"], summary["excluded"], summary["relabelled"]) == (39, 1, 0)

    def test_a_runs_own_issues_are_a_list(self, prepare, source, tmp_path):
        (source / "dog/copy.png").write_bytes((source / "cat/000.png").read_bytes())
        assert any("copy" in remark for remark in prepare().remarks)
        issues = (tmp_path / "data/issues.csv").read_text()
        assert prepare(exclude=issues).remarks == ("1 picture is left out as --exclude says",)

    def test_the_other_copy_of_an_excluded_picture_takes_its_place(self, prepare, source):
        (source / "dog/copy.png").write_bytes((source / "cat/000.png").read_bytes())
        after = prepare(exclude="cat/000.png\n")
        assert len(after.remarks) == 1
        assert sum(after.split_sizes) == 40

    def test_a_class_of_which_one_is_left_is_refused(self, prepare):
        ids = "\n".join(f"dog/{number:03}.png" for number in range(1, 20))
        with pytest.raises(DatasetError, match="'dog' has a single readable picture"):
            prepare(exclude=ids)

    def test_a_list_of_other_pictures_is_refused(self, prepare):
        with pytest.raises(DatasetError, match=r"exclude.csv, line 1: 'cow.png' is no picture"):
            prepare(exclude="cow.png\n")


class TestRelabel:
    def test_labels_are_replaced_before_the_splits_are_drawn(self, prepare, tmp_path):
        assert prepare().task.class_names == ("cat", "dog")
        ids = [f"dog/{number:03}.png" for number in range(10)]
        after = prepare(relabel="id,new_label\n" + "".join(f"{id_},cow\n" for id_ in ids))
        assert after.cached
        assert after.task.class_names == ("cat", "cow", "dog")
        labels, splits = np.load(after.labels), np.load(after.splits)
        assert np.bincount(labels).tolist() == [20, 10, 10]
        for label in range(3):  # each split has its share of the new class
            assert set(splits[labels == label].tolist()) == {0, 1, 2}
        assert read_rows(tmp_path / "data/splits.csv")[20]["label"] == "cow"

    def test_what_was_replaced_is_a_list_to_relabel_by(self, prepare, tmp_path):
        first = prepare(relabel="id,suggested\ncat/001.png,dog\ndog/002.png,dog\n")
        written = (tmp_path / "data/relabelled.csv").read_text()
        assert written == "id,label,new_label\ncat/001.png,cat,dog\n"
        second = prepare(relabel=written)
        assert second.fingerprint == first.fingerprint
        assert second.corrections == first.corrections
