"""Labels that look wrong are the wrong ones, mostly, and are told where a run's outcome is told."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.records import read_run
from imgcls_automl.results.report import write_report
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.suspicious_labels import find_suspicious, write_suspicious_labels
from imgcls_automl.results.verdict import describe_outcome


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a network says of a split; see `training.judging.Judgement`."""

    split: str
    indices: np.ndarray
    probabilities: np.ndarray


class TestRule:
    def test_a_label_is_doubted_where_another_class_is_surer_than_usual(self) -> None:
        labels = np.array([0, 0, 0, 1, 1, 1])
        first = np.array([0.9, 0.8, 0.05, 0.1, 0.2, 0.45])  # thresholds: 0.583 and 0.75
        (found,) = find_suspicious(labels, np.stack([first, 1 - first], axis=1))
        assert (found.row, found.suggested) == (2, 1)
        assert (found.probability, found.margin) == pytest.approx((0.95, 0.9))

    def test_the_clearest_comes_first(self) -> None:
        labels = np.array([0] * 6 + [1] * 6)
        first = np.array([0.9] * 4 + [0.1, 0.02] + [0.1] * 5 + [0.8])
        found = find_suspicious(labels, np.stack([first, 1 - first], axis=1))
        assert [it.row for it in found] == [5, 4, 11]

    @pytest.mark.filterwarnings("error")
    def test_a_class_without_a_picture_is_never_suggested(self) -> None:
        answers = np.array([[0.1, 0.2, 0.7], [0.9, 0.1, 0.0], [0.1, 0.9, 0.0]])
        assert find_suspicious(np.array([0, 0, 1]), answers) == []
        assert find_suspicious(np.array([], dtype=int), np.zeros((0, 3))) == []

    def test_of_digits_with_wrong_labels_most_are_found_and_few_others(self) -> None:
        from sklearn.datasets import load_digits
        from sklearn.neighbors import KNeighborsClassifier

        images, truth = load_digits(return_X_y=True)
        generator = np.random.default_rng(0)
        wrong = generator.choice(len(truth), 54, replace=False)
        labels = truth.copy()
        labels[wrong] = (truth[wrong] + generator.integers(1, 10, 54)) % 10
        model = KNeighborsClassifier(15).fit(images[:900] / 16, labels[:900])
        judged, given = truth[900:], labels[900:]
        found = find_suspicious(given, model.predict_proba(images[900:] / 16))
        right = [it for it in found if given[it.row] != judged[it.row]]
        assert len(right) > 0.7 * np.sum(given != judged)
        assert len(found) - len(right) < 0.02 * len(given)
        assert np.mean([it.suggested == judged[it.row] for it in right]) > 0.9


class TestList:
    def test_it_holds_both_splits_in_one_order_and_in_harmless_cells(self, tmp_path: Path) -> None:
        sure, unsure = [0.1, 0.9], [0.3, 0.7]
        judgements = [
            Answers(
                split=split,
                indices=np.array(indices),
                probabilities=np.array([odd, [0.8, 0.2], [0.1, 0.9]], dtype=np.float32),
            )
            for split, indices, odd in (
                ("test", [1, 2, 5], unsure),
                ("validation", [0, 3, 4], sure),
            )
        ]
        labels = np.array([0, 0, 0, 0, 1, 1])
        write_suspicious_labels(
            tmp_path,
            ids=["+a", "b", "c", "d", "e", "f"],
            labels=labels,
            class_names=("=cat", "dog"),
            judgements=judgements,
        )
        with (tmp_path / "suspicious_labels.csv").open(newline="") as file:
            header, *rows = list(csv.reader(file))
        assert header == ["id", "split", "label", "suggested", "probability"]
        assert rows == [["'+a", "validation", "'=cat", "dog", "0.9"]]

    def test_a_run_without_doubts_has_an_empty_one_and_says_nothing(
        self, finished_run: Any
    ) -> None:
        best = finished_run.path / "best"
        write_suspicious_labels(
            best, ids=[], labels=np.array([], dtype=int), class_names="ab", judgements=[]
        )
        outcome = describe_outcome(read_run(finished_run.path), read_scores(finished_run.path))
        assert "suspicious" not in " ".join(outcome)
        assert "Labels that look wrong" not in write_report(finished_run.path).read_text()


class TestTold:
    def write(self, run: Any, rows: int, id_: str = "digits") -> Any:
        lines = [f"{id_}:{number},test,3,8,0.98\n" for number in range(rows)]
        text = "id,split,label,suggested,probability\n" + "".join(lines)
        (run.path / "best/suspicious_labels.csv").write_text(text)
        return run

    def test_the_outcome_counts_them(self, finished_run: Any) -> None:
        run = self.write(finished_run, 25)
        *_, last = describe_outcome(read_run(run.path), read_scores(run.path))
        assert last.startswith("25 labels look wrong: check best/suspicious_labels.csv")
        self.write(finished_run, 1)
        *_, last = describe_outcome(read_run(run.path), read_scores(run.path))
        assert last.startswith("1 label looks wrong")

    def test_the_report_shows_the_clearest(self, finished_run: Any) -> None:
        text = write_report(self.write(finished_run, 29, "<b>").path).read_text()
        assert text.count("&lt;b&gt;:") == 24
        assert "<b>:" not in text
        assert "5 more stand in best/suspicious_labels.csv" in text

    def test_a_damaged_list_is_named(self, finished_run: Any) -> None:
        path = self.write(finished_run, 1).path
        (path / "best/suspicious_labels.csv").write_text("id,split\na,test\n")
        with pytest.raises(RunFolderError, match=r"suspicious_labels.csv is damaged"):
            read_scores(path)
