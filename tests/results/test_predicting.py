"""Predictions of a run's model: which pictures, prepared how, and what stops them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import threading

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from imgcls_automl.data.decode import decode_image
from imgcls_automl.data.spool import Spool
from imgcls_automl.errors import DatasetError, RunFolderError, UnknownPluginError
from imgcls_automl.results.decoded_batches import StandstillWatch, decode_batches, run_ahead
from imgcls_automl.results.predicting import PredictionRequest, SavedModel, predict
from imgcls_automl.results.prediction_sources import choose_reader, list_pictures

ROWS_ADAPTER = """
import numpy as np
from imgcls_automl.plugin import Match, Problem, Sample

class Rows:
    def __init__(self, value="0"):
        self.value = int(value)

    def match(self, source):
        return Match(1.0, "rows") if source.endswith(".rows") else None

    def read(self, source):
        yield Problem(id="row 0", detail="torn")
        for number in range(1, 12):
            pixels = np.full((8, 8), self.value, dtype=np.uint8)
            yield Sample(id=f"row {number}", image=pixels, label=None)
"""


@pytest.fixture
def draw_digits(tmp_path):
    """Save real digits as PNG files: `draw_digits("3/a.png", ...)`, in the order of scikit-learn's."""
    images = load_digits().images

    def draw(*names, folder="pictures"):
        for number, name in enumerate(names):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((images[number] / 16 * 255).astype(np.uint8)).save(path)
        return tmp_path / folder

    return draw


@pytest.fixture
def spool(tmp_path):
    with Spool(tmp_path) as spool:
        yield spool


@pytest.fixture
def list_all(spool):
    """List sources as `predict` does: ids (below the folder, where one is given), labels and problems."""

    def list_sources(*places, class_names=tuple("0123456789"), **chosen):
        sources = [
            choose_reader(str(place), {}, None, **{"adapter": None, "used": None, **chosen})
            for place in places
        ]
        pictures, problems = list_pictures(sources, {}, class_names, spool)
        return [(picture.id, picture.label) for picture in pictures], problems

    return list_sources


@pytest.fixture
def copy_run(finished, tmp_path):
    """A copy of a finished run, to be damaged."""
    return shutil.copytree(finished[0], tmp_path / "run")


def predict_all(run, *sources, **options):
    """All predictions as {id: (label, class name, probabilities)}, and what was left out."""
    request = PredictionRequest(run=run, sources=tuple(map(str, sources)), device="cpu", **options)
    found, left_out = {}, []
    with predict(request) as predictions:
        names = predictions.class_names
        for batch in predictions.batches:
            left_out += batch.left_out
            for id_, label, row in zip(batch.ids, batch.labels, batch.probabilities, strict=True):
                found[id_] = (label, names[row.argmax()], row)
        assert predictions.opened.total == len(found) + len(left_out)
    return found, left_out


def test_a_class_folder_of_any_bytes_gives_its_label(draw_digits, spool):
    root = draw_digits(f"{os.fsdecode(b'caf' + bytes([255]))}/1.png", r"caf\xff/1.png", "tea/1.png")
    source = choose_reader(str(root), {}, None, adapter=None, used=None)
    pictures, _ = list_pictures([source], {}, (r"caf\xff", r"caf\\xff", "tea"), spool)
    assert {picture.label for picture in pictures} == {r"caf\xff", r"caf\\xff", "tea"}


def test_a_folder_is_searched_at_any_depth_whether_or_not_it_has_class_folders(
    draw_digits, list_all
):
    folder = draw_digits(
        "b.png", "a.jpg", "2026/may/1.PNG", ".hidden/x.png", "@eaDir/t.png", "._a.png"
    )
    (folder / "notes.txt").write_text("no picture")
    pictures, problems = list_all(folder)
    assert pictures == [
        (f"{folder}/a.jpg", None),
        (f"{folder}/b.png", None),
        (f"{folder}/2026/may/1.PNG", None),
    ]
    assert not problems


def test_a_folder_called_like_a_class_labels_what_is_in_it(draw_digits, list_all):
    folder = draw_digits("stray.png", "test/3/a.png", "test/3/blurred/b.png", "other/c.png")
    assert [label for _, label in list_all(folder)[0]] == [None, None, "3", "3"]


def test_a_link_back_up_the_tree_ends_the_search_there(draw_digits, list_all):
    folder = draw_digits("a/1.png")
    (folder / "a/loop").symlink_to(folder)
    assert list_all(folder)[0] == [(f"{folder}/a/1.png", None)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_closed_folder_is_reported_and_the_others_are_read(draw_digits, list_all):
    folder = draw_digits("open/1.png", "closed/2.png")
    (folder / "closed").chmod(0)
    try:
        pictures, problems = list_all(folder)
    finally:
        (folder / "closed").chmod(0o755)
    assert len(pictures) == 1
    assert "Permission denied" in problems[0].detail


def test_a_folder_without_pictures_is_refused_with_what_counts_as_one(tmp_path, list_all):
    (tmp_path / "empty/below").mkdir(parents=True)
    with pytest.raises(DatasetError, match=r"no picture in the folder .*\n.*\.png"):
        list_all(tmp_path / "empty")


@pytest.mark.parametrize("name", ["missing.jpg", "missing", "missing.csv", "x" * 5000])
def test_what_is_not_there_is_refused(name, list_all):
    with pytest.raises(DatasetError, match="There is no file"):
        list_all(name)


def test_a_file_that_no_adapter_reads_is_taken_for_a_picture(draw_digits, list_all):
    folder = draw_digits("1.png")
    (folder / "1.png").rename(folder / "scan")
    assert list_all(folder / "scan")[0] == [(f"{folder}/scan", None)]


@pytest.mark.parametrize("labelled", [True, False])
def test_a_csv_keeps_the_order_of_its_rows_with_or_without_labels(tmp_path, list_all, labelled):
    file = tmp_path / "fashion.csv"
    row = ",".join(["7"] * 784)
    file.write_text(
        "".join(f"{number % 10},{row}\n" if labelled else f"{row}\n" for number in range(12))
    )
    pictures, _ = list_all(file)
    assert [id_ for id_, _ in pictures] == [f"fashion.csv:{line}" for line in range(1, 13)]
    assert [label for _, label in pictures][:2] == (
        ["T-shirt/top", "Trouser"] if labelled else [None, None]
    )


def test_an_adapter_that_is_named_reads_every_source(draw_digits, list_all):
    folder = draw_digits("3/a.png", "other/b.png")
    assert list_all(folder, adapter="folder")[0] == [("3/a.png", "3"), ("other/b.png", "other")]
    with pytest.raises(UnknownPluginError):
        list_all(folder, adapter="nonesuch")


def test_batches_hold_the_pixels_of_training_and_skip_what_cannot_be_decoded(
    draw_digits, list_all, spool
):
    folder = draw_digits(*(f"{number:02}.png" for number in range(40)))
    (folder / "07.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    (folder / "33.png").write_bytes(b"")
    model = SavedModel(path=folder, class_names=("a", "b"), image_shape=(12, 10, 3), resize="pad")
    pictures, _ = list_pictures(
        [choose_reader(str(folder), {}, None, adapter=None, used=None)], {}, (), spool
    )
    batches = list(decode_batches(pictures, spool, model, 16))
    assert [len(batch.pictures) for batch in batches] == [16, 16, 6]
    left_out = [one for batch in batches for one in batch.left_out]
    assert [os.path.basename(one.id) for one in left_out] == ["07.png", "33.png"]  # noqa: PTH119
    assert left_out[1].detail == "the file is empty"
    for batch in batches:
        assert batch.pixels.shape == (16, 12, 10, 3)
        for picture, pixels in zip(batch.pictures, batch.pixels, strict=False):
            wanted = decode_image(picture.reference, shape=(12, 10, 3), resize="pad")
            np.testing.assert_array_equal(pixels, wanted)


def test_running_ahead_keeps_the_order_and_hands_errors_on():
    assert list(run_ahead(iter(range(100)), 2)) == list(range(100))

    def fail():
        yield 1
        raise KeyError("second")

    ahead = run_ahead(fail(), 2)
    assert next(ahead) == 1
    with pytest.raises(KeyError, match="second"):
        next(ahead)


def test_pictures_that_give_nothing_more_are_given_up():
    freed = threading.Event()

    def hang():
        yield 1
        freed.wait()

    ahead = run_ahead(hang(), 2, StandstillWatch(0.2))
    assert next(ahead) == 1
    with pytest.raises(
        DatasetError, match=r"nothing more for 0\.2 s while decoding\.\n.*--read-timeout"
    ):
        next(ahead)
    freed.set()


def test_an_adapter_that_hangs_is_given_up_before_a_model_is_loaded(tmp_path):
    (tmp_path / "rows.py").write_text(
        ROWS_ADAPTER.replace("yield Problem", "import time; time.sleep(60)\n        yield Problem")
    )
    (tmp_path / "more.rows").write_text("")
    run = tmp_path / "run"
    (run / "best").mkdir(parents=True)
    (run / "run.json").write_text('{"schema_version": 1, "status": "complete"}')
    (run / "best/model.keras").write_text("never opened")
    (run / "best/labels.json").write_text('["a", "b"]')
    (run / "best/preprocess.json").write_text(
        '{"schema_version": 1, "height": 8, "width": 8, "channels": 1, "resize": "stretch"}'
    )
    with pytest.raises(DatasetError, match=r"has given nothing more for 1 s"):
        predict_all(
            run, tmp_path / "more.rows", adapter=f"{tmp_path}/rows.py:Rows", read_timeout=1.0
        )


@pytest.mark.slow
def test_the_test_pictures_are_predicted_as_the_run_did(finished):
    run, _ = finished
    with (run / "best/predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found, left_out = predict_all(run, "digits")
    assert not left_out
    assert len(found) == 1797
    for row in rows:
        label, name, probabilities = found[row["id"]]
        assert (label, name) == (row["label"], row["predicted"])
        told = [float(row[f"p:{digit}"]) for digit in range(10)]
        np.testing.assert_allclose(probabilities, told, atol=1e-6)


@pytest.mark.slow
def test_pictures_of_any_kind_are_predicted_together_and_bad_ones_left_out(
    finished, draw_digits, tmp_path
):
    folder, single = draw_digits("3/a.png", "b.png"), draw_digits("c.png", folder="other") / "c.png"
    Image.effect_noise((90, 60), 80).convert("RGB").save(folder / "photo.jpg")
    (folder / "torn.png").write_bytes(b"no picture")
    (tmp_path / "fashion.csv").write_text(",".join(["9"] * 784) + "\n")
    found, left_out = predict_all(finished[0], single, tmp_path / "fashion.csv", folder)
    assert set(found) == {
        str(single),
        "fashion.csv:1",
        *(f"{folder}/{name}" for name in ("3/a.png", "b.png", "photo.jpg")),
    }
    assert found[f"{folder}/3/a.png"][0] == "3"
    for _, _, probabilities in found.values():
        assert probabilities.dtype == np.float32
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert [(one.id, one.detail[:10]) for one in left_out] == [(f"{folder}/torn.png", "no picture")]


@pytest.mark.slow
def test_the_adapter_and_options_named_for_the_run_read_its_kind_of_source(copy_run, tmp_path):
    (tmp_path / "rows.py").write_text(ROWS_ADAPTER)
    (tmp_path / "more.rows").write_text("")
    record = json.loads((copy_run / "run.json").read_text())
    record["config"] |= {"adapter": f"{tmp_path}/rows.py:Rows", "data_option": {"value": "200"}}
    (copy_run / "run.json").write_text(json.dumps(record))
    found, left_out = predict_all(copy_run, tmp_path / "more.rows")
    assert list(found) == [f"row {number}" for number in range(1, 12)]
    assert [one.id for one in left_out] == ["row 0"]
    other, _ = predict_all(copy_run, tmp_path / "more.rows", options={"value": "20"})
    assert not np.allclose(found["row 1"][2], other["row 1"][2])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("run.json", "{", "damaged"),
        ("run.json", '{"schema_version": 99}', "newer"),
        ("best/labels.json", '{"a": 1}', "no list of class names"),
        (
            "best/labels.json",
            '["yes", "no"]',
            r"model\.keras is damaged: it gives probabilities of",
        ),
        ("best/labels.json", None, r"labels\.json is damaged"),
        ("best/preprocess.json", '{"schema_version": 99}', "newer"),
        ("best/preprocess.json", '{"height": 8}', "'width'"),
        ("best/model.keras", "no model", r"model\.keras is damaged"),
        ("best/model.keras", None, r"no finished model yet \(its status is complete\)\.\n.*resume"),
    ],
)
def test_a_damaged_run_folder_is_refused_with_the_file_to_mend(
    copy_run, draw_digits, file, content, told
):
    if content is None:
        (copy_run / file).unlink()
    else:
        (copy_run / file).write_text(content)
    with pytest.raises(RunFolderError, match=told):
        predict_all(copy_run, draw_digits("a.png"))


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="no run folder"):
        predict_all(tmp_path, "digits")
