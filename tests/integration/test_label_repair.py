"""Wrong labels end to end: a search finds them, its list is taken back, and more labels are right than before."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pytest

SPACE = '''
"""A dense network that learns digits in a few seconds."""

from imgcls_automl.plugin import Candidate, Training


class Dense:
    def suggest(self, trial, task):
        rate = trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True)
        return Candidate(model={}, training=Training(batch_size=32, learning_rate=rate))

    def build(self, model, task):
        import keras

        images = keras.Input(task.image_shape)
        x = keras.layers.Dense(128, "relu")(keras.layers.Flatten()(images))
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x))

    def baselines(self, task):
        return [{"learning_rate": 0.003}]
'''


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def place_of(id_):
    return int(re.findall(r"\d+", id_)[-1])


@pytest.fixture(scope="module")
def digits():
    """Digits of which 3% are labelled wrong: (images, labels, true labels)."""
    from sklearn.datasets import load_digits

    images, truth = load_digits(return_X_y=True)
    generator = np.random.default_rng(0)
    wrong = generator.choice(len(truth), len(truth) * 3 // 100, replace=False)
    labels = truth.copy()
    labels[wrong] = (truth[wrong] + generator.integers(1, 10, len(wrong))) % 10
    return np.uint8(images.reshape(-1, 8, 8) * 15.9375), labels, truth


@pytest.fixture(scope="module")
def search(imgcls, digits, tmp_path_factory):
    """Search these digits in a folder of its own, with a list or without; returns (run folder, stdout)."""
    folder = tmp_path_factory.mktemp("repair")
    (folder / "dense.py").write_text(SPACE)
    np.savez(folder / "digits.npz", images=digits[0], labels=digits[1])

    def search(name, *options, epochs):
        done = imgcls(
            *("search", "--space", "dense.py:Dense", "--data", "digits.npz", "--out", name),
            *("--trials", "1", "--preset", "fast", "--epochs", epochs, "--metric", "log_loss"),
            *options,
            cwd=folder,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        return folder / name, done

    return search


@pytest.fixture(scope="module")
def first(search):
    return search("first", epochs=20)


def test_most_wrong_labels_are_listed_and_few_others(first, digits):
    _, labels, truth = digits
    split_of = {row["id"]: row["split"] for row in rows(first[0] / "data/splits.csv")}
    wrong = {
        id_
        for id_, split in split_of.items()
        if split != "train" and labels[place_of(id_)] != truth[place_of(id_)]
    }
    listed = rows(first[0] / "best/suspicious_labels.csv")
    found = {row["id"] for row in listed}
    assert len(wrong) > 10
    assert len(found & wrong) > len(wrong) / 2
    assert (
        len(found - wrong) < 0.03 * len(split_of) * 0.32
    )  # of the pictures in test and validation
    assert all(split_of[row["id"]] == row["split"] != "train" for row in listed)
    assert f"{len(listed)} labels look wrong" in " ".join(first[1].stdout.split())


@pytest.fixture(scope="module")
def second(first, search):
    """The same pictures searched once more, the list of the first run taken back; and that list."""
    listed = first[0].parent / "agreed.csv"
    shutil.copyfile(first[0] / "best/suspicious_labels.csv", listed)
    folder, done = search("second", "--relabel", listed, epochs=1)
    return folder, done, listed


def test_taken_back_the_list_makes_more_labels_right(second, digits):
    folder, done, listed = second
    _, labels, truth = digits
    assert f"{len(rows(listed))} pictures have another label" in " ".join(done.stderr.split())
    repaired = [(place_of(row["id"]), row["label"]) for row in rows(folder / "data/splits.csv")]
    right = sum(str(truth[place]) == label for place, label in repaired)
    assert right > np.sum(labels == truth) + 5
    assert len(rows(folder / "data/relabelled.csv")) == len(rows(listed))


def test_a_resumed_run_refuses_another_list(second, imgcls):
    folder, _, listed = second
    record = json.loads((folder / "run.json").read_text())
    before = record["dataset"]["corrections"]
    assert before.startswith(f"0 excluded, {len(rows(listed))} relabelled (")
    lines = listed.read_text().splitlines()
    listed.write_text("\n".join(lines[:-1]))
    again = imgcls("resume", folder, "--trials", "2")
    assert again.returncode == 2
    told = " ".join(again.stderr.split())
    assert f"--exclude and --relabel has changed since this run began: it was {before}" in told
    assert f"and is 0 excluded, {len(lines) - 2} relabelled (" in told
    assert json.loads((folder / "run.json").read_text()) == record
