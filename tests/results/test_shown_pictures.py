"""The pictures a run keeps for its report: which, and that they come back as they were."""

from __future__ import annotations

import numpy as np
import pytest
from shown_digits import change, make_shown

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.picture_choice import (
    choose_costly,
    choose_for_cells,
    choose_samples,
    measure_answers,
    shrink,
    take_turns,
)
from imgcls_automl.results.report_album import make_album
from imgcls_automl.results.shown_pictures import read_shown_pictures, write_shown_pictures


@pytest.fixture
def answers():
    """Three classes: 0 is taken for 1 three times, 1 for 2 once; the rest is right."""
    labels = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    said = np.array([1, 1, 1, 0, 2, 1, 2, 2])
    sure = np.array([0.5, 0.9, 0.7, 0.8, 0.99, 0.6, 0.95, 0.7])
    probabilities = np.full((8, 3), ((1 - sure) / 2)[:, None])
    probabilities[np.arange(8), said] = sure
    return measure_answers(labels, probabilities)


def test_the_costliest_mistakes_come_first(answers):
    assert choose_costly(answers) == [4, 1, 2, 0]


def test_every_cell_has_a_picture_before_any_has_two_and_mistakes_before_what_is_right(answers):
    assert choose_for_cells(answers, 2) == [1, 4]
    assert set(choose_for_cells(answers, 5)[:2]) == {1, 4}
    assert sorted(choose_for_cells(answers, 100)) == list(range(8))


def test_samples_are_spread_over_each_class():
    labels = np.repeat([0, 1], 50)
    chosen = choose_samples(labels, np.arange(100))
    assert [labels[it] for it in chosen] == [0] * 6 + [1] * 6
    assert (chosen[0], chosen[5]) == (0, 49)


def test_classes_take_turns():
    assert take_turns([[1, 2, 3], [4], [1, 5]], 4) == [1, 4, 2, 5]


def test_large_pictures_are_shrunk_and_small_ones_kept():
    small = np.arange(2 * 8 * 8 * 1, dtype=np.uint8).reshape(2, 8, 8, 1)
    assert (shrink(small) == small).all()
    assert shrink(np.zeros((3, 400, 200, 3), np.uint8)).shape == (3, 96, 48, 3)
    assert shrink(np.zeros((0, 400, 200, 1), np.uint8)).shape == (0, 96, 48, 1)


def test_what_is_kept_comes_back(tmp_path, digits_test):
    shown = make_shown(digits_test.labels, digits_test.probabilities, digits_test.ids)
    write_shown_pictures(tmp_path, shown)
    again = read_shown_pictures(tmp_path, classes=10)
    assert again.pictures == shown.pictures
    assert (again.pixels == shown.pixels).all()
    assert (again.heat == shown.heat).all()
    album = make_album(again, [str(digit) for digit in range(10)])
    assert len(album.costly) == 24
    assert album.costly[0].heat.startswith("data:image/")
    assert album.costly[0].loss == max(it.loss for its in album.cells.values() for it in its)
    assert [len(it.pictures) for it in album.samples] == [2]
    assert len(album.augmented) == 2
    assert len(album.augmented[0]) == 4


def test_older_runs_kept_none(tmp_path):
    assert read_shown_pictures(tmp_path, classes=10) is None


@pytest.mark.parametrize(
    "harm", ["no pixels", "other pixels", "torn index", "too few", "other classes"]
)
def test_damage_is_named(tmp_path, digits_test, harm):
    shown = make_shown(digits_test.labels, digits_test.probabilities, digits_test.ids)
    if harm == "too few":
        shown = change(shown, pixels=shown.pixels[:-1])
    write_shown_pictures(tmp_path, shown)
    if harm == "no pixels":
        (tmp_path / "pictures.npz").unlink()
    if harm == "other pixels":
        (tmp_path / "pictures.npz").write_bytes(b"PK\x03\x04 nothing")
    if harm == "torn index":
        (tmp_path / "pictures.json").write_text('{"pictures": [{"id": "a"}]}')
    with pytest.raises(RunFolderError, match="is damaged"):
        read_shown_pictures(tmp_path, classes=3 if harm == "other classes" else 10)
