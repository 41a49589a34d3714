"""A finished run in Python: its leaderboard, its model's predictions, and what a notebook shows."""

from __future__ import annotations

import json
import signal
import sys

import numpy as np
import pytest
from PIL import Image

from imgcls_automl import load
from imgcls_automl.best_model import BestModel, Predictions
from imgcls_automl.errors import ConfigError, DatasetError, GateNotMetError, RunFolderError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(finished):
    folder, _ = finished
    result = load(folder)
    yield result
    result.best.close()


@pytest.fixture(scope="module")
def pictures():
    """Digits as uint8 (N, 8, 8), and their labels."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return (digits.images[:40] * 15.9375).astype(np.uint8), digits.target[:40]


def test_arrays_files_and_pillow_images_get_the_same_answers(result, pictures, tmp_path):
    images, _ = pictures
    Image.fromarray(images[1]).save(tmp_path / "one.png")
    from_array = result.best.predict(images)
    mixed = result.best.predict([Image.fromarray(images[0]), tmp_path / "one.png", images[2]])
    np.testing.assert_allclose(mixed.probabilities, from_array.probabilities[:3], atol=1e-6)
    assert from_array.class_names == tuple("0123456789")
    assert from_array.probabilities.shape == (40, 10)
    first = next(iter(from_array))
    assert first.label == from_array.labels[0]
    assert first.probability == pytest.approx(from_array.probabilities[0].max())


def test_pictures_of_other_sizes_and_colours_are_prepared_as_in_training(result, pictures):
    images, _ = pictures
    large = Image.fromarray(images[3]).resize((80, 80)).convert("RGBA")
    turned = large.rotate(90, expand=True)
    turned.getexif()[0x0112] = 6  # says that it has to be turned back
    upright, back = result.best.predict([large, turned]).probabilities
    np.testing.assert_allclose(upright, back, atol=1e-6)
    assert len(result.best.predict([np.asarray(large), np.asarray(large.convert("L"))])) == 2


def test_no_picture_gives_no_prediction(result):
    assert len(result.best.predict([])) == 0


def test_what_cannot_be_read_is_named(result, tmp_path):
    with pytest.raises(DatasetError, match=r"missing\.png cannot be predicted"):
        result.best.predict(tmp_path / "missing.png")
    assert len(result.best.predict(np.zeros((1, 8, 8), np.uint8))) == 1  # and it goes on


@pytest.fixture
def unopened(tmp_path):
    """A run folder as far as it is read before its model is opened."""
    run = {"schema_version": 1, "status": "complete", "config": {"metric": "accuracy"}}
    size = {"height": 8, "width": 8, "channels": 1, "resize": "stretch"}
    (tmp_path / "run/best").mkdir(parents=True)
    (tmp_path / "run/best/model.keras").write_bytes(b"")
    for name, value in (("run", run), ("best/labels", ["a", "b"]), ("best/preprocess", size)):
        (tmp_path / f"run/{name}.json").write_text(json.dumps(value))
    return tmp_path / "run"


def test_a_child_that_dies_leaves_its_last_words(unopened, monkeypatch):
    broken = unopened.parent / "broken"
    broken.mkdir()
    (broken / "keras.py").write_text("raise SystemExit('no device answers')\n")
    monkeypatch.syspath_prepend(broken)
    with pytest.raises(DatasetError, match="its last words: no device answers") as caught:
        load(unopened).best.predict(np.zeros((1, 8, 8), np.uint8))
    assert f"see {unopened / 'log.txt'}" in str(caught.value)


def test_a_model_is_found_again_from_another_folder(unopened, monkeypatch):
    monkeypatch.chdir(unopened.parent)
    best = load("run").best
    monkeypatch.chdir("/")
    with pytest.raises(RunFolderError, match=r"model\.keras is damaged"):  # it is there, and empty
        best.predict(np.zeros((1, 8, 8), np.uint8))
    best.close()


def test_an_interrupted_prediction_leaves_no_answer_to_the_next(result, pictures):
    images, _ = pictures
    expected = result.best.predict(images[:5])
    model = BestModel(result.folder)
    earlier = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.5)  # long before the framework is loaded
    try:
        with pytest.raises(KeyboardInterrupt):
            model.predict(images[20:25])
        answered = model.predict(images[:5])
    finally:
        signal.signal(signal.SIGALRM, earlier)
        model.close()
    np.testing.assert_allclose(answered.probabilities, expected.probabilities, atol=1e-6)


def test_floats_are_predicted_as_the_bytes_they_stand_for(result, pictures):
    images, _ = pictures
    from_bytes = result.best.predict(images)
    from_floats = result.best.predict(images / 255)
    np.testing.assert_allclose(from_floats.probabilities, from_bytes.probabilities, atol=1e-6)


def test_what_is_no_picture_is_told(result):
    with pytest.raises(ConfigError, match=r"\(N, H, W\)"):
        result.best.predict(np.zeros((8, 8), np.uint8))


def test_the_leaderboard_has_the_columns_of_its_file(result):
    board = result.leaderboard()
    rows = board if isinstance(board, list) else board.to_dict("records")
    header = (result.folder / "leaderboard.csv").read_text().splitlines()[0]
    assert list(rows[0]) == header.split(",")
    assert rows[0]["rank"] == 1


def test_without_pandas_it_is_a_list(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert isinstance(result.leaderboard(), list)


def test_a_notebook_shows_the_outcome_and_nothing_that_runs(result):
    shown = result._repr_html_()
    assert "<table>" in shown
    assert "won among 3 trials" in shown
    names = ("<script>alert(1)</script>", "b")
    predicted = Predictions(class_names=names, probabilities=np.array([[0.9, 0.1]], "float32"))
    assert "<script" not in predicted._repr_html_()
    assert "90.0%" in predicted._repr_html_()


def test_python_checks_the_gate_and_leaves_logging_as_it_was(tiny_space, cache, tmp_path, capsys):
    import logging

    import optuna

    from imgcls_automl import search

    optuna.logging.enable_default_handler()
    optuna.logging.disable_propagation()
    before = (logging.getLogger("optuna").propagate, logging.getLogger("optuna").handlers[:])
    with pytest.raises(GateNotMetError, match=r"1\.5 was asked for"):
        search(
            space=tiny_space,
            data="digits",
            trials=1,
            epochs=1,
            preset="fast",
            fail_under=1.5,
            out=tmp_path / "run",
            cache_dir=cache,
        )
    assert "Run folder" in capsys.readouterr().err  # as the command line shows it
    after = (logging.getLogger("optuna").propagate, logging.getLogger("optuna").handlers[:])
    assert after == before
    assert load(tmp_path / "run").status == "complete"
