"""What a finished search leaves: every file of a run folder, a model that works, and words about it."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from html.parser import HTMLParser

import numpy as np
import pytest


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(finished):
    return finished[0]


@pytest.fixture(scope="module")
def record(folder):
    return json.loads((folder / "run.json").read_text())


class TestFolder:
    def test_every_file_is_there_and_nothing_half_written(self, folder):
        names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        trial = ("candidate.json", "result.json", "history.csv")
        assert names >= {
            *("run.json", "study.db", "log.txt", "report.html"),
            *("leaderboard.csv", "leaderboard.json", "leaderboard.md"),
            *("data/summary.json", "data/splits.csv", "data/issues.csv"),
            *(f"trials/{number}/{name}" for number in range(3) for name in trial),
            *("best/model.keras", "best/labels.json", "best/preprocess.json"),
            *("best/metrics.json", "best/predictions.csv", "best/confusion_matrix.csv"),
            *("best/errors.csv", "best/suspicious_labels.csv", "best/model_card.md"),
        }
        assert not [name for name in names if "writing" in name or name.endswith(("-wal", "-shm"))]

    def test_run_json_tells_what_was_done_with_what(self, record):
        assert (record["schema_version"], record["status"], record["seed"]) == (1, "complete", 0)
        assert record["config"]["trials"] == 3
        assert {"imgcls-automl", "optuna", "keras", "tensorflow"} <= set(record["versions"])
        assert record["plugins"]["space"]["origin"].startswith("imgcls-automl ")
        assert record["plugins"]["adapter"]["name"] == "digits"
        assert {"data", "search", "refit"} <= set(record["timings"])
        assert record["best_trial"] in range(3)
        assert 0.5 < record["test_metrics"]["accuracy"]["value"] <= 1
        assert sum(record["dataset"]["split_sizes"]) == 1797

    def test_leaderboard_columns_begin_as_promised(self, folder):
        with (folder / "leaderboard.csv").open() as file:
            columns = file.readline().strip().split(",")
        first = [
            "rank",
            "trial",
            "state",
            "score",
            "metric",
            "params",
            "epochs",
            "seconds",
            "space",
            "plugin",
        ]
        assert columns[:10] == first
        assert "model.blocks" in columns
        assert "training.learning_rate" in columns

    def test_leaderboard_has_every_trial_the_best_first(self, folder):
        board = rows(folder / "leaderboard.csv")
        assert sorted(row["trial"] for row in board) == ["0", "1", "2"]
        scores = [float(row["score"]) for row in board if row["state"] == "complete"]
        assert scores == sorted(scores, reverse=True)
        assert board[0]["plugin"].startswith("imgcls-automl 0.")

    def test_history_has_a_row_an_epoch(self, folder):
        for number in range(3):
            history = rows(folder / f"trials/{number}/history.csv")
            columns = ["epoch", "time", "seconds", "loss", "accuracy", "val_loss", "val_accuracy"]
            assert list(history[0])[:7] == columns
            assert [row["epoch"] for row in history] == ["1", "2"]
            assert all(
                datetime.fromisoformat(row["time"]).utcoffset().total_seconds() == 0
                for row in history
            )

    def test_only_the_selected_keep_weights(self, folder, record):
        kept = {int(path.parent.name) for path in folder.glob("trials/*/best.weights.h5")}
        assert kept <= {0, 1, 2}

    def test_splits_say_where_every_picture_went(self, folder):
        splits = rows(folder / "data/splits.csv")
        assert len(splits) == 1797
        assert list(splits[0])[:3] == ["id", "label", "split"]
        assert {row["split"] for row in splits} == {"train", "validation", "test"}

    def test_issues_and_summary_have_the_labels_that_look_wrong_and_nothing_else(self, folder):
        suspects = rows(folder / "best/suspicious_labels.csv")
        issues = rows(folder / "data/issues.csv")
        assert [row["id"] for row in issues] == [row["id"] for row in suspects]
        assert {row["problem"] for row in issues} <= {"suspicious_label"}
        checks = json.loads((folder / "data/summary.json").read_text())["checks"]
        assert checks["issues"]["suspicious_label"] == len(suspects)

    def test_report_is_one_file_that_opens_offline(self, folder):
        links = []

        class Links(HTMLParser):
            def handle_starttag(self, tag, attributes):
                links.extend(
                    value for name, value in attributes if name in ("src", "href") and value
                )

        Links().feed((folder / "report.html").read_text(encoding="utf-8"))
        assert not [link for link in links if not link.startswith(("#", "data:"))]


class TestModel:
    def test_it_takes_pixels_and_gives_the_probabilities_that_were_tested(self, folder, digits):
        import keras

        model = keras.models.load_model(folder / "best/model.keras", safe_mode=True)
        labels = json.loads((folder / "best/labels.json").read_text())
        tested = rows(folder / "best/predictions.csv")
        ids = [row["id"] for row in rows(digits.splits.with_name("splits.csv"))]
        pixels = np.load(digits.images)[[ids.index(row["id"]) for row in tested]]
        found = model.predict(pixels, verbose=0)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-5)
        told = [[float(row[f"p:{name}"]) for name in labels] for row in tested]
        np.testing.assert_allclose(found, told, atol=1e-5)

    def test_its_files_agree_with_each_other(self, folder, record):
        tested = rows(folder / "best/predictions.csv")
        right = sum(row["label"] == row["predicted"] for row in tested)
        metrics = json.loads((folder / "best/metrics.json").read_text())
        accuracy = metrics["accuracy"]
        assert accuracy == record["test_metrics"]["accuracy"]
        assert accuracy["value"] == pytest.approx(right / len(tested))
        assert accuracy["low"] < accuracy["value"] < accuracy["high"]
        assert len(rows(folder / "best/errors.csv")) == len(tested) - right
        assert set(metrics["classes"]) == set("0123456789")

    def test_the_test_split_was_held_out(self, folder):
        held_out = {row["id"] for row in rows(folder / "data/splits.csv") if row["split"] == "test"}
        assert {row["id"] for row in rows(folder / "best/predictions.csv")} == held_out
        assert len(held_out) == pytest.approx(0.15 * 1797, abs=10)


class TestWords:
    def test_the_end_names_the_model_and_what_to_type_next(self, finished):
        text = finished[1].stdout
        assert "run/best/model.keras" in text
        assert "imgcls-automl predict run" in text
        assert "run/report.html" in text
        assert "accuracy" in text

    def test_progress_goes_to_stderr_in_plain_lines(self, finished):
        told = finished[1].stderr
        assert "1,797 grey pictures of 8x8 in 10 classes" in told
        assert all(f"trial {number} complete" in told for number in range(3))
        assert "\x1b" not in told
        assert "Traceback" not in told


class TestReading:
    def test_the_leaderboard_in_four_formats(self, imgcls, folder):
        shown = {
            form: imgcls("leaderboard", folder, "--format", form)
            for form in ("table", "csv", "json", "md")
        }
        assert {done.returncode for done in shown.values()} == {0}
        told = json.loads(shown["json"].stdout)
        assert told["schema_version"] == 1
        assert len(list(csv.DictReader(shown["csv"].stdout.splitlines()))) == 3
        assert sum(line.startswith("|") for line in shown["md"].stdout.splitlines()) == 5
        assert "complete" in shown["table"].stdout

    def test_python_reads_it_too(self, folder, record):
        import imgcls_automl

        result = imgcls_automl.load(folder)
        assert (result.status, result.best_trial) == ("complete", record["best_trial"])
        assert result.model == folder / "best/model.keras"
        assert result.score == record["best_score"]
