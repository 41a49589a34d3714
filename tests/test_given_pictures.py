"""What a Python caller may give as pictures, and what is refused before anything is predicted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from imgcls_automl.array_values import TrainedValues
from imgcls_automl.errors import ConfigError
from imgcls_automl.given_pictures import prepare_pictures


def prepare(images):
    return prepare_pictures(images, TrainedValues())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_single_picture_with_channels_is_not_taken_for_many_grey_ones(channels):
    picture = np.zeros((224, 200, channels), np.uint8)
    with pytest.raises(ConfigError, match=r"Put a single picture into a list: predict\(\[picture"):
        prepare(picture)
    assert len(prepare([picture])) == 1
    assert len(prepare(picture[None])) == 1


def test_a_stack_of_grey_pictures_is_one_picture_a_row():
    assert [it.shape for it in prepare(np.zeros((3, 8, 9), np.uint8))] == [(8, 9)] * 3


def test_a_list_may_mix_all_kinds(tmp_path):
    image = Image.new("L", (8, 8))
    path, encoded, pixels, scaled = prepare([tmp_path / "a.png", image, np.eye(8), np.eye(8) > 0])
    assert path == tmp_path / "a.png"
    assert encoded.startswith(b"\x89PNG")
    assert pixels.dtype == scaled.dtype == np.uint8
    assert pixels.max() == scaled.max() == 255


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((8, 8), np.uint8), r"\(N, H, W\)"),
        (np.zeros((2, 8, 8), complex), "complex128"),
        (np.zeros((2, 8, 8, 2)), r"Picture 0 .* an array \(8, 8, 2\) of float64"),
        ([3], "a int"),
    ],
)
def test_what_is_no_picture_is_told(images, words):
    with pytest.raises(ConfigError, match=words):
        prepare(images)
