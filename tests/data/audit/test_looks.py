"""Pictures that are unlike the rest of their set are named, with what is odd about them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from imgcls_automl.data.audit.looks import keep_looks, list_odd_pictures
from imgcls_automl.data.audit.measure import measure_pictures


@pytest.fixture
def judge(make_contents):
    def list_odd(images, sizes=None):
        contents = make_contents(["a"] * len(images), sizes=sizes)
        looks = keep_looks(measure_pictures(images, report=lambda progress: None))
        return {(it.id, it.problem): it.detail for it in list_odd_pictures(contents, looks)}

    return list_odd


@pytest.mark.parametrize(
    ("problem", "spoil"),
    [
        ("dark", lambda pixels: pixels // 8),
        ("bright", lambda pixels: 255 - (255 - pixels) // 8),
        ("blank", lambda pixels: np.full_like(pixels, 90)),
        (
            "blurred",
            lambda pixels: np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(3))),
        ),
    ],
)
def test_a_spoilt_picture_is_named(photos, judge, problem, spoil):
    images = photos[:30].copy()  # a temple by daylight
    before = judge(images)
    images[7] = spoil(images[7])
    assert set(judge(images)) - set(before) == {("00007", problem)}


def test_a_set_that_is_dark_as_a_whole_has_no_dark_pictures(photos, judge):
    assert not [problem for _, problem in judge(photos[:30] // 8) if problem == "dark"]


def test_a_blank_picture_is_called_nothing_else(judge):
    images = np.zeros((9, 16, 16, 1), dtype=np.uint8)
    assert {problem for _, problem in judge(images)} == {"blank"}


@pytest.mark.parametrize("colour", [(0, 0, 255), (200, 30, 30), (90, 90, 90), (255, 255, 0)])
def test_one_plain_colour_is_blank_and_nothing_else(photos, judge, colour):
    images = photos[:30].copy()
    before = judge(images)
    images[7] = colour
    assert set(judge(images)) - set(before) == {("00007", "blank")}


@pytest.mark.parametrize("channel", range(3))
def test_what_only_one_channel_shows_is_not_blank(photos, judge, channel):
    images = photos[:30].copy()
    plane = images[7, ..., channel].copy()
    images[7] = 90
    images[7, ..., channel] = plane
    assert ("00007", "blank") not in judge(images)


def test_odd_sizes_are_told_as_they_were_before_decoding(photos, judge):
    sizes = [(300, 400)] * 57 + [(30, 40), (3000, 4000), (300, 1200)]
    found = judge(photos, sizes)
    told = {key: detail for key, detail in found.items() if key[1].startswith("odd")}
    assert told == {
        ("00057", "odd_size"): "0.1 times the usual side",
        ("00058", "odd_size"): "10 times the usual side",
        ("00059", "odd_aspect"): "3 times as wide as is usual",
    }
