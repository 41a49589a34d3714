"""A trial over folds: a training each, their mean, and what is kept, whenever it is ended."""

from __future__ import annotations

import csv

import numpy as np
import optuna
import pytest
from networks import Linear, Plain, candidate

from imgcls_automl.executors.messages import Admission, Verdict
from imgcls_automl.executors.tasks import RefitTask, RetrainTask, TrialTask
from imgcls_automl.trial_files import read_result

FOLDS = 3
COMMON = {"seed": 1, "precision": "float32", "deadline": None}


@pytest.fixture
def bench(folded):
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.program import Programs

    return Bench(space=Plain(), programs=Programs(folded), metric="accuracy", class_weight="none")


@pytest.fixture
def attempt(bench, tmp_path):
    """Run one trial over the folds; returns its result, and its reports as (fold, epoch)."""
    from dataclasses import replace

    from imgcls_automl.training.trial import run_trial

    def attempt(space=None, *, answer=lambda report: None, **changes):
        reports, begun = [], []

        def report(message):
            reports.append((message.fold, message.epoch))
            return Verdict(stop=answer(message))

        task = TrialTask(
            folder=tmp_path, **{"number": 3, "baseline": False, "epochs": 2, **COMMON, **changes}
        )
        result = run_trial(
            task,
            replace(bench, space=space or bench.space),
            optuna.trial.FixedTrial({"dropout": 0.25}, number=3),
            admit=lambda drawn: Admission(),
            started=begun.append,
            report=report,
        )
        assert read_result(tmp_path) == result
        assert len(begun) == 1
        return result, reports

    return attempt


def kept(folder):
    return sorted(path.name for path in folder.glob("*.weights.h5"))


class TestATrial:
    def test_its_score_is_the_mean_of_its_folds(self, attempt):
        result, reports = attempt()
        assert reports == [(fold, epoch) for fold in (1, 2, 3) for epoch in (1, 2)]
        assert result.state == "complete"
        assert len(set(result.fold_scores)) == FOLDS
        assert result.score == pytest.approx(np.mean(result.fold_scores))
        assert result.metrics["val_accuracy"] == pytest.approx(result.score)
        assert (result.epoch, result.epochs, result.planned_epochs) == (None, 6, 6)

    def test_its_folder_has_weights_of_each_fold_and_a_history_that_tells_them_apart(
        self, attempt, tmp_path
    ):
        attempt()
        assert kept(tmp_path) == [f"fold-{fold}.weights.h5" for fold in (1, 2, 3)]
        with (tmp_path / "history.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0])[-1] == "fold"
        assert [(row["fold"], row["epoch"]) for row in rows] == [
            (fold, epoch) for fold in "123" for epoch in "12"
        ]

    def test_the_same_seed_gives_the_same_folds(self, attempt):
        assert attempt()[0].fold_scores == attempt()[0].fold_scores

    def test_its_folds_share_a_compiled_step(self, attempt, bench, monkeypatch):
        from imgcls_automl.training import program

        made = []

        class Counted(program.Program):
            def __init__(self, *arguments):
                made.append(self)
                super().__init__(*arguments)

        monkeypatch.setattr(program, "Program", Counted)
        attempt()
        assert len(made) == 1


class TestAnEarlyEnd:
    def test_one_pruned_after_its_first_fold_trains_no_other(self, attempt, tmp_path):
        result, reports = attempt(
            answer=lambda report: "pruned" if report.epoch == report.epochs else None
        )
        assert reports == [(1, 1), (1, 2)]
        assert (result.state, result.cause, len(result.fold_scores)) == ("pruned", "pruned", 1)
        assert kept(tmp_path) == []

    def test_one_out_of_time_in_a_later_fold_is_not_complete(self, attempt, tmp_path):
        result, _ = attempt(answer=lambda report: "timeout" if report.fold == 2 else None)
        assert (result.state, result.cause, len(result.fold_scores)) == ("pruned", "timeout", 1)
        assert kept(tmp_path) == []

    def test_the_first_model_is_scored_by_the_folds_that_were_finished(self, attempt, tmp_path):
        result, _ = attempt(
            answer=lambda report: "timeout" if report.fold == 2 else None, keep_partial=True
        )
        assert (result.state, result.cause) == ("complete", "timeout")
        assert result.score == result.fold_scores[0]
        assert kept(tmp_path) == ["fold-1.weights.h5"]

    def test_the_first_model_counts_though_no_fold_was_finished(self, attempt, tmp_path):
        result, _ = attempt(answer=lambda report: "timeout", keep_partial=True)
        assert (result.state, result.fold_scores) == ("complete", ())
        assert kept(tmp_path) == ["fold-1.weights.h5"]

    def test_one_whose_loss_is_not_finite_fails_at_once(self, attempt, tmp_path):
        class Wild(Linear):
            def suggest(self, trial, task):
                return candidate(optimizer="sgd", learning_rate=100.0, schedule="constant")

        result, reports = attempt(Wild())
        assert (result.state, result.cause, reports) == ("failed", "not finite", [])
        assert kept(tmp_path) == []


class TestLater:
    @pytest.fixture
    def retrain(self, attempt, bench, tmp_path):
        """Train a trial, then train it again."""
        from imgcls_automl.training.retrain import retrain

        def do(epochs, **trial):
            searched, _ = attempt(**trial)
            folder = tmp_path / "retrained-0"
            task = RetrainTask(
                **{"number": 3, "trial_folder": tmp_path, "folder": folder, **COMMON},
                epochs=epochs,
            )
            return searched, retrain(task, bench, lambda report: Verdict())

        return do

    def test_a_retraining_trains_every_fold(self, retrain, tmp_path):
        _, result = retrain(epochs=2)
        assert result.epochs == 6
        assert 0.5 < result.score < 1
        assert result.flipped_score < result.score  # digits are no mirror images
        assert result.flipped_loss > result.loss
        assert len(kept(tmp_path / "retrained-0")) == FOLDS

    def test_kept_weights_score_as_they_did_in_the_search(self, retrain):
        searched, result = retrain(epochs=0)
        assert result.epochs == 0
        assert result.score == pytest.approx(searched.score)

    def test_those_of_the_finished_folds_alone_where_the_time_was_up(self, retrain):
        searched, result = retrain(
            epochs=0, keep_partial=True, answer=lambda it: "timeout" if it.fold == 2 else None
        )
        assert result.score == pytest.approx(searched.fold_scores[0])

    @pytest.mark.parametrize("epochs", [2, 0], ids=["trained on all folds", "with kept weights"])
    def test_the_refit_gives_one_model(self, attempt, bench, tmp_path, epochs):
        from imgcls_automl.training.refit import refit

        attempt()
        best = tmp_path / "best"
        best.mkdir()
        task = RefitTask(
            **{"number": 3, "trial_folder": tmp_path, "folder": best, "epochs": epochs, **COMMON}
        )
        reports = []

        def report(message):
            reports.append((message.fold, message.folds))
            return Verdict()

        refitted = refit(task, bench, report)
        assert reports == [(1, 1)] * epochs
        labels = bench.pictures.labels[refitted.test.indices]
        assert np.mean(refitted.test.probabilities.argmax(axis=1) == labels) > 0.5

    def test_every_picture_outside_the_test_is_judged_by_weights_that_never_saw_it(
        self, attempt, bench, tmp_path
    ):
        from imgcls_automl.training.judging import judge_held_out
        from imgcls_automl.trial_files import read_candidate

        task = RefitTask(
            **{"number": 3, "trial_folder": tmp_path, "folder": tmp_path, "epochs": 0, **COMMON}
        )
        attempt(epochs=4)
        judged = judge_held_out(task, read_candidate(tmp_path), bench)
        assert judged.split == "train"
        assert (np.sort(judged.indices) == bench.pictures.indices("train")).all()
        right = judged.probabilities.argmax(axis=1) == bench.pictures.labels[judged.indices]
        assert np.mean(right) > 0.5
        (tmp_path / "fold-3.weights.h5").unlink()  # as where the time was up before it
        fewer = judge_held_out(task, read_candidate(tmp_path), bench)
        assert len(fewer.indices) < len(judged.indices)
