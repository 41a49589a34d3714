"""What an audit sums up for later comparisons is of the pictures a model learns from, all of it."""

from __future__ import annotations

import pytest

from imgcls_automl.data.prepare import prepare_dataset
from imgcls_automl.results.drift import read_training_appearance


def test_the_test_split_plays_no_part(draw_folder, make_request, tmp_path):
    train = draw_folder("train", size=(20, 16), cat=20, dog=20)
    test = draw_folder("test", size=(90, 80), cat=60, dog=30)
    request = make_request(train, test_data=str(test), name=None, adapter="folder")
    prepare_dataset(request, folder=tmp_path / "run/data", log=None)
    training = read_training_appearance(tmp_path / "run", ("cat", "dog"))
    assert (training.height, training.width) == (16, 20)
    assert training.class_shares == pytest.approx((0.5, 0.5))
