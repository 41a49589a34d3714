"""Arrays mean the same to a prediction as they meant to the search that was given them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from imgcls_plugins.npz import Npz
from sklearn.datasets import load_digits

from imgcls_automl.array_sources import store_arrays
from imgcls_automl.array_values import TrainedValues, read_trained_values, to_pixels
from imgcls_automl.config import RunConfig
from imgcls_automl.data.decode import decode_image
from imgcls_automl.errors import ConfigError

DIGITS = load_digits()
SIXTEEN, LABELS = DIGITS.images[:60], DIGITS.target[:60]  # floats 0-16
KINDS = {
    "bytes": (SIXTEEN * 15).astype(np.uint8),
    "floats 0-1": SIXTEEN / 16,
    "float32 0-1": (SIXTEEN / 16).astype(np.float32),
    "float16 0-1": (SIXTEEN / 16).astype(np.float16),
    "floats 0-255": SIXTEEN * 15.3,
    "whole numbers 0-255": (SIXTEEN * 15).astype(np.int64),
    "16 bits": (SIXTEEN * 4000).astype(np.uint16),
    "booleans": SIXTEEN > 8,
}


def decode(pixels):
    return decode_image(pixels, shape=(8, 8, 1), resize="stretch")


def store(tmp_path, images, **options):
    """What a run that is given the arrays has as its configuration, and the file they are in."""
    config = RunConfig(
        space="cnn_small", data=("arrays",), cache_dir=tmp_path / "cache", data_option=options
    )
    stored = store_arrays(config, {"data": (images, LABELS)})
    return {"data": stored.data[0], "data_option": options}, Path(stored.data[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_prediction_reads_arrays_as_the_search_does(tmp_path, kind):
    config, file = store(tmp_path, KINDS[kind])
    searched = [decode(sample.image) for sample in Npz().read(str(file))]
    predicted = to_pixels(dict(enumerate(KINDS[kind])), read_trained_values(config))
    assert np.array_equal(searched, [decode(predicted[number]) for number in range(60)])


@pytest.mark.parametrize("kind", KINDS)
def test_one_picture_is_read_as_it_is_among_all(tmp_path, kind):
    config, _ = store(tmp_path, KINDS[kind])
    trained = read_trained_values(config)
    together = to_pixels(dict(enumerate(KINDS[kind])), trained)
    for number in range(60):
        alone = to_pixels({0: KINDS[kind][number]}, trained)[0]
        assert np.array_equal(decode(alone), decode(together[number]))


@pytest.mark.parametrize("kind", [float, np.uint8, np.uint16, np.int64])
def test_the_white_that_the_user_has_said_holds_in_a_prediction_too(tmp_path, kind):
    images = SIXTEEN.astype(kind)
    config, file = store(tmp_path, images, white="16")
    searched = [sample.image for sample in Npz(white="16").read(str(file))]
    predicted = to_pixels(dict(enumerate(images)), read_trained_values(config))
    assert np.array_equal(searched, [predicted[number] for number in range(60)])


def test_of_a_run_on_files_floats_are_told_by_their_range():
    assert read_trained_values({"data": "fashion.csv", "data_option": {}}) == TrainedValues()
    for images in (SIXTEEN / 16, SIXTEEN * 15.9375):
        found = to_pixels(dict(enumerate(images)), TrainedValues())
        assert max(it.max() for it in found.values()) == 255


@pytest.mark.parametrize(
    ("trained", "images", "words"),
    [
        (None, SIXTEEN, "up to 16, neither 0-1 nor 0-255"),
        (1, SIXTEEN * 15, "up to 240, but in training white was 1"),
        (255, SIXTEEN / 16, "looks like 0-1, but in training white was 255"),
        (None, (SIXTEEN * 50).astype(np.int64), "up to 800, more than the 255 of bytes"),
        (None, (SIXTEEN - 8) / 8, "holds -1, which is no pixel"),
        (1, np.full((1, 8, 8), np.nan), "holds nan, which is no pixel"),
    ],
)
def test_values_of_an_unclear_range_are_refused_with_what_to_do(trained, images, words):
    with pytest.raises(ConfigError, match=words) as caught:
        to_pixels(dict(enumerate(images)), TrainedValues(white=trained))
    assert "uint8 pixels 0-255" in str(caught.value)


def test_black_pictures_are_black_whatever_the_range():
    for white in (None, 1, 255):
        found = to_pixels({0: np.zeros((8, 8))}, TrainedValues(white=white))
        assert not found[0].any()
