"""The shape all pictures are brought to."""

from __future__ import annotations

import pytest

from imgcls_automl.data.header import Header
from imgcls_automl.data.sizing import choose_shape, summarise_headers


def headers(*sizes, channels=1):
    return [Header(height=h, width=w, channels=channels, mode="L") for h, w in sizes]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)] * 3, (28, 28)),
        ([(128, 96)] * 3, (128, 96)),
        ([(6, 20)] * 2, (8, 20)),
        ([(129, 96)] * 3, (96, 96)),
        ([(600, 800)] * 3, (128, 128)),
        ([(40, 60), (50, 70), (90, 60)], (50, 50)),
        ([(10, 12), (12, 14)], (32, 32)),
    ],
)
def test_the_size_follows_the_pictures(sizes, expected):
    assert choose_shape(headers(*sizes), None) == (*expected, 1)


def test_a_stated_size_overrules_the_pictures():
    assert choose_shape(headers((28, 28)), (40, 20)) == (40, 20, 1)


def test_one_picture_in_colour_makes_all_of_them_colour():
    mixed = headers((8, 8)) + headers((8, 8), channels=3)
    assert choose_shape(mixed, None) == (8, 8, 3)


def test_the_summary_counts_sizes_and_conversions():
    turned = Header(height=9, width=8, channels=3, mode="RGB", conversions=("exif_rotated",))
    summary = summarise_headers([*headers((8, 8), (8, 8)), turned])
    assert summary["sizes"]["distinct"] == 2
    assert summary["sizes"]["height"] == {"min": 8, "median": 8, "max": 9}
    assert summary["modes"] == {"L": 2, "RGB": 1}
    assert summary["converted"]["exif_rotated"] == 1
    assert summary["converted"]["cmyk"] == 0
