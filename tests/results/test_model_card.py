"""The model card can be read by people and by model hubs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hostile_names import HOSTILE_NAMES, OBEYED

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.model_card import write_model_card


def split_card(path: Path) -> tuple[dict[str, Any], str]:
    _, header, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(header), body


def test_the_header_is_what_model_hubs_read(finished_run: Any) -> None:
    header, _ = split_card(write_model_card(finished_run.path))
    assert (header["library_name"], header["pipeline_tag"]) == ("keras", "image-classification")
    [result] = header["model-index"][0]["results"]
    assert result["dataset"]["name"] == "digits"
    accuracy, f1 = result["metrics"]
    assert 0.5 < accuracy["value"] <= 1
    assert f1["type"] == "f1"


def test_the_card_says_what_it_is_how_good_how_made_and_how_to_use_it(finished_run: Any) -> None:
    path = write_model_card(finished_run.path)
    assert path == finished_run.path / "best" / "model_card.md"
    _, body = split_card(path)
    for section in ("What it is", "Data", "Metrics", "How it was made", "Limits", "How to use it"):
        assert f"\n## {section}\n" in body
    assert "keras.saving.load_model" in body
    assert "imgcls-automl predict" in body
    assert "| accuracy |" in body
    assert "| learning_rate | 0.004 |" in body


def test_the_card_names_the_test_data_and_no_private_folder(finished_run: Any) -> None:
    config = {"space": "cnn_small", "metric": "accuracy", "data": "/home/ann/My digits.csv"}
    finished_run.write_run(config=config | {"test_data": "/home/ann/Held-out digits.csv.gz"})
    path = write_model_card(finished_run.path)
    header, body = split_card(path)
    assert header["model-index"][0]["name"] == "cnn_small on My digits.csv"
    dataset = header["model-index"][0]["results"][0]["dataset"]
    assert dataset == {
        "name": "Held-out digits.csv.gz",
        "type": "held-out-digits",
        "split": "test",
    }
    assert "\n# cnn_small on My digits.csv\n" in body
    assert "Source My digits.csv, and Held-out digits.csv.gz for the test alone, content" in body
    assert "on 897 test pictures of Held-out digits.csv.gz that played no part" in body
    text = path.read_text(encoding="utf-8")
    assert "/home/ann" not in text
    assert str(finished_run.path.parent) not in text


def test_texts_of_users_cannot_change_the_card(tmp_path: Path, run_folder: Any) -> None:
    names = ("a|b\n# head", "<img src=x>\x1b")
    data = 'x"\n---\nlicense: mit # \u202e[a](http://b)'
    run = type(run_folder)(tmp_path / "hostile", class_names=names, data=data)
    run.write_run(best_trial=0).write_trial(0)
    run.write_best(np.array([0, 1]), np.eye(2, dtype=np.float32), ["a", "b"])
    path = write_model_card(run.path)
    header, body = split_card(path)
    assert header["license"] == "unknown"
    assert "# head" not in body.splitlines()
    assert not {"\x1b", "\u202e"} & set(path.read_text(encoding="utf-8"))
    assert "<img" not in body.replace("\\<img", "")


def test_five_hundred_hostile_names_stay_names_in_the_card(tmp_path: Path, run_folder: Any) -> None:
    run = type(run_folder)(tmp_path / "hostile", class_names=HOSTILE_NAMES, data=HOSTILE_NAMES[0])
    run.write_run(best_trial=0).write_trial(0)
    answers = np.full((500, 500), 1e-4, np.float32) + np.eye(500, dtype=np.float32) * 0.95
    run.write_best(np.arange(500), answers, list(HOSTILE_NAMES))
    path = write_model_card(run.path)
    header, body = split_card(path)
    assert header["license"] == "unknown"
    text = path.read_text(encoding="utf-8")
    assert not OBEYED & set(text)
    assert text.count("<script") == text.count("\\<script") > 0
    assert not [line for line in body.splitlines() if line.startswith("# head")]
    assert sum(line.startswith("| ") for line in body.splitlines()) < 1100


def test_a_run_without_a_tested_model_has_no_card(run_folder: Any) -> None:
    with pytest.raises(RunFolderError, match=r"no model was tested yet(.|\n)*resume"):
        write_model_card(run_folder.path)


def test_the_card_says_how_the_trial_was_chosen_and_that_it_flips(finished_run: Any) -> None:
    finished_run.write_selection(2, {2: [(0.97, 0.975)], 1: [(0.96, 0.95)]})
    _, body = split_card(write_model_card(finished_run.path))
    assert "Retrained with a fresh seed it reached 97.5%, ahead of trial 1" in body
    assert "averages over each picture and its mirror" in body
    assert "together.\n\n| setting | value |" in body
