"""`predict` as a user sees it: three formats, the exit code, and names that mean mischief."""

from __future__ import annotations

import csv
import io
import json
import subprocess

import numpy as np
import pytest
from hostile_names import FORMULA_STARTS, HOSTILE_NAMES, OBEYED
from PIL import Image
from sklearn.datasets import load_digits

from imgcls_automl.cli.prediction_formats import make_format
from imgcls_automl.results.picture_folders import LeftOut
from imgcls_automl.results.predicting import PredictedBatch


def write_all(form, ids, labels, *, class_names=("cat", "dog", "eel"), left_out=()):
    """What a format writes for two batches."""
    written = []
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(len(class_names)), len(ids)).astype(np.float32)
    output = make_format(form, written.append)
    output.begin(class_names, labelled=any(label is not None for label in labels))
    half = len(ids) // 2
    for part in (slice(None, half), slice(half, None)):
        batch = PredictedBatch(ids[part], labels[part], probabilities[part], list(left_out))
        output.write(batch)
        left_out = ()
    output.end()
    return "".join(written), probabilities


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Forty real digits in class folders, one file that is no picture among them."""
    folder = tmp_path_factory.mktemp("pictures")
    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images[:40], digits.target, strict=False)):
        (folder / str(label)).mkdir(exist_ok=True)
        pixels = (image / 16 * 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / str(label) / f"{number:02}.png")
    (folder / "3" / "=torn\x1b[2J.png").write_bytes(b"no picture")
    return folder


def test_csv_has_the_columns_of_a_runs_predictions_and_reads_back_exactly():
    text, probabilities = write_all("csv", ["a.png", "b.png", "c.png"], ["cat", None, "dog"])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["id", "label", "predicted", "probability", "p:cat", "p:dog", "p:eel"]
    assert [row["label"] for row in rows] == ["cat", "", "dog"]
    back = np.array(
        [[row[f"p:{name}"] for name in ("cat", "dog", "eel")] for row in rows], "float32"
    )
    np.testing.assert_array_equal(back, probabilities)
    for row, values in zip(rows, probabilities, strict=True):
        assert row["predicted"] == ("cat", "dog", "eel")[values.argmax()]
        assert np.float32(row["probability"]) == values.max()


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_without_labels_nothing_speaks_of_them(form):
    text, _ = write_all(form, ["a.png", "b.png"], [None, None])
    assert "label" not in text


def test_json_is_one_object_with_every_class_by_name():
    text, probabilities = write_all(
        "json", ["a", "b"], ["cat", "eel"], left_out=[LeftOut("c.png", "torn")]
    )
    value = json.loads(text)
    assert value["schema_version"] == 1
    assert value["class_names"] == ["cat", "dog", "eel"]
    assert value["left_out"] == [{"id": "c.png", "detail": "torn"}]
    assert [one["label"] for one in value["predictions"]] == ["cat", "eel"]
    found = [list(one["probabilities"].values()) for one in value["predictions"]]
    np.testing.assert_array_equal(np.array(found, "float32"), probabilities)


def test_json_of_no_prediction_is_still_json():
    assert json.loads(write_all("json", [], [])[0])["predictions"] == []


def test_the_table_is_aligned_and_ends_with_how_many_are_as_labelled():
    text, probabilities = write_all("table", ["a", "b", "c", "d"], ["cat", "猫の種類", None, "dog"])
    lines = text.splitlines()
    assert len({line.rindex(" ") for line in lines[1:5] if "猫" not in line}) == 1
    right = (probabilities[[0, 3]].argmax(axis=1) == [0, 1]).sum()
    assert lines[-1] == f"{right} of 3 as labelled"


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_five_hundred_hostile_names_stay_names(form):
    ids = list(HOSTILE_NAMES)
    left_out = [LeftOut(ids[0], "bad")]
    text, _ = write_all(form, ids, ids, class_names=HOSTILE_NAMES, left_out=left_out)
    assert not OBEYED & set(text)
    text.encode()  # no lone surrogate
    if form == "csv":
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert not any(cell.startswith(FORMULA_STARTS) for cell in cells)
    if form == "json":
        assert [one["id"] for one in json.loads(text)["predictions"]] == ids
    if form == "table":
        assert len(text.splitlines()) == len(ids) + 3


@pytest.mark.slow
def test_a_table_of_a_folder_tells_the_unreadable_on_stderr_and_exits_3(finished, imgcls, pictures):
    done = imgcls("predict", finished[0], pictures, "--device", "cpu")
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["predicted", "next", "best", "label", "picture"]
    assert len(lines) == 43
    assert lines[-1].endswith(" of 40 as labelled")
    assert "torn" not in done.stdout
    assert f"Left out {pictures}/3/=torn\\x1b[2J.png: no picture in a known format" in done.stderr
    assert "1 of 41 pictures could not be read" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.slow
def test_json_stays_whole_beside_unreadable_files(finished, imgcls, pictures):
    done = imgcls("predict", finished[0], pictures, "--format", "json")
    assert done.returncode == 3
    value = json.loads(done.stdout)
    assert len(value["predictions"]) == 40
    assert [one["id"] for one in value["left_out"]] == [f"{pictures}/3/=torn\x1b[2J.png"]


@pytest.mark.slow
def test_csv_of_a_source_that_an_adapter_knows(finished, imgcls):
    done = imgcls("predict", finished[0], "digits", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["id"] for row in rows[:3]] == ["digits:0", "digits:1", "digits:2"]
    assert len(rows) == 1797


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error(finished, command, environment):
    with subprocess.Popen(
        [command, "predict", str(finished[0]), "digits", "--format", "csv"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline().startswith("id,label,")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["digits", "--format", "xml"], 2, "--format must be one of table, csv, json"),
        (["digits", "--device", "tpu"], 2, "--device must be one of"),
        (["digits", "--data-option", "oops"], 2, "--data-option must be name=value"),
        (["no such.jpg"], 3, "There is no file 'no such.jpg'"),
        (["digits", "--adapter", "nonesuch"], 5, "no dataset adapter called 'nonesuch'"),
        ([], 2, "SOURCE"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(
    finished, imgcls, arguments, code, told
):
    done = imgcls("predict", finished[0], *arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", [["predict", "digits"], ["evaluate", "--data", "digits"]])
def test_how_pictures_are_read_may_come_from_the_environment(finished, imgcls, words):
    name, *others = words
    for variable, value, code, told in (
        ("IMGCLS_AUTOML_ADAPTER", "nonesuch", 5, "no dataset adapter called 'nonesuch'"),
        ("IMGCLS_AUTOML_DATA_OPTION", "oops", 2, "IMGCLS_AUTOML_DATA_OPTION must be name=value"),
    ):
        done = imgcls(name, finished[0], *others, env={variable: value})
        assert done.returncode == code
        assert told in done.stderr
