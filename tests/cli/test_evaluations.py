"""`evaluate` as a user sees it: other labelled pictures measured beside the run, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """A copy of the session's run, for evaluations are written into it."""
    copy = tmp_path_factory.mktemp("evaluated") / "run"
    shutil.copytree(finished[0], copy)
    return copy


@pytest.fixture
def draw_digits(tmp_path):
    """Save real digits, brightened, in class folders of a name each."""

    def draw(count, *, name=str):
        images, labels = load_digits().images[:count], load_digits().target[:count]
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            folder = tmp_path / "pictures" / name(label)
            folder.mkdir(parents=True, exist_ok=True)
            pixels = (image / 16 * 155 + 100).astype(np.uint8)
            Image.fromarray(pixels).resize((32, 32)).save(folder / f"{number:03}.png")
        return tmp_path / "pictures"

    return draw


def test_other_pictures_are_measured_and_compared_with_those_of_training(
    run, draw_digits, imgcls, tmp_path
):
    before = {path: path.read_bytes() for path in (run / "best").iterdir()}
    pictures = draw_digits(60)
    (pictures / "3/torn.png").write_bytes(b"no picture")
    arguments = ("evaluate", run, "--data", pictures, "--corruptions", "--name", "bright")
    done = imgcls(*arguments, "--json", "--html", tmp_path / "bright.html")
    # Measured all the same; the exit code tells scripts that it was not on all of them.
    assert done.returncode == 3
    assert "torn.png: no picture" in done.stderr
    assert "1 of 61 pictures could not be read" in done.stderr.splitlines()[-2]
    document = json.loads(done.stdout)
    folder = run / "evaluations/bright"
    assert document["folder"] == str(folder)
    assert (document["pictures"], document["left_out"]) == (60, 1)
    with (folder / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    right = sum(row["label"] == row["predicted"] for row in rows)
    assert document["metrics"]["accuracy"]["value"] == right / 60
    assert "On corrupted pictures" in (tmp_path / "bright.html").read_text()
    size, brightness = document["drift"]["remarks"]
    assert "32x32" in size
    assert "brighter" in brightness
    assert {name: len(found) for name, found in document["corruptions"].items()} == dict.fromkeys(
        ("brightness", "contrast", "blur", "noise", "jpeg"), 5
    )
    assert {path: path.read_bytes() for path in (run / "best").iterdir()} == before
    again = imgcls(*arguments)
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_classes_that_the_model_does_not_know_are_named(run, draw_digits, imgcls):
    pictures = draw_digits(20, name=lambda label: "nought" if label == 0 else str(label))
    done = imgcls("evaluate", run, "--data", pictures, "--name", "unknown")
    assert done.returncode == 3
    assert "The model does not know 'nought', a class in" in done.stderr
    assert "Rename" in done.stderr
    assert not (run / "evaluations/unknown").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--data", "digits", "--device", "tpu"], 2, "--device must be one of"),
        (["--data", "digits", "--name", "../up"], 2, "--name must be letters"),
        (["--data", "digits", "--html", "/"], 2, "--html: / is a folder"),
        (["--data", "digits", "--positive", "3"], 2, "--positive is for two classes"),
        (["--data", "no such place"], 3, "no such place"),
        (["--data", "digits", "--adapter", "nonesuch"], 5, "nonesuch"),
        ([], 2, "--data"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_few_lines(run, imgcls, arguments, code, told):
    done = imgcls("evaluate", run, *arguments)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 3


def test_a_damaged_and_a_newer_run_are_refused(run, tmp_path, imgcls):
    for name, content, told in (
        ("best/labels.json", "{", "labels.json is damaged"),
        ("data/summary.json", None, "summary.json is damaged"),
        ("run.json", '{"schema_version": 99}', "newer"),
    ):
        broken = tmp_path / told
        shutil.copytree(run, broken)
        (broken / name).unlink()
        if content is not None:
            (broken / name).write_text(content)
        done = imgcls("evaluate", broken, "--data", "digits")
        assert done.returncode == 2
        assert told in done.stderr
