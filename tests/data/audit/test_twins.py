"""Copies and near copies are found, and nothing else is called one."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from imgcls_automl.data.audit.measure import BLOCK_BYTES, measure_pictures
from imgcls_automl.data.audit.twins import find_twins


def ignore(progress):
    pass


def find(images):
    return find_twins(images, measure_pictures(images, report=ignore), ignore)


def change(pixels, how):
    """The same picture as it comes back from elsewhere."""
    image = Image.fromarray(pixels)
    if how == "saved as JPEG":
        file = BytesIO()
        image.save(file, "JPEG", quality=90)
        image = Image.open(file)
    elif how == "resized and back":
        image = image.resize((160, 160)).resize(image.size)
    elif how == "a little brighter":
        image = ImageEnhance.Brightness(image).enhance(1.03)
    return np.asarray(image)


def test_copies_are_found_wherever_they_are(photos):
    images = np.concatenate([photos, photos[[7, 3]], photos[[7]]])
    sets = find(images).sets
    assert sets[:60].tolist() == list(range(60))
    assert sets[60:].tolist() == [7, 3, 7]


def test_one_grey_level_in_one_pixel_makes_no_copy_but_a_near_one(photos):
    other = photos[5].copy()
    other[10, 10, 0] ^= 1
    twins = find(np.concatenate([photos, other[None]]))
    assert twins.sets[60] == 60
    assert twins.near.tolist() == [[5, 60]]
    assert twins.differences[0] < 0.001


def test_equal_checksums_alone_make_no_copy(photos):
    images = np.concatenate([photos, photos[[7]]])
    measures = measure_pictures(images, report=ignore)
    measures.checksums[[3, 7, 11, 60]] = 5
    assert find_twins(images, measures, ignore).sets.tolist() == [*range(60), 7]


def test_what_takes_long_tells_of_itself(photos, monkeypatch):
    monkeypatch.setattr("imgcls_automl.data.pace.EVERY", 0.0)
    images, told = np.concatenate([photos, photos ^ 1]), []
    find_twins(images, measure_pictures(images, report=ignore), told.append)
    assert told
    assert all(it.stage == "comparing" and 0 < it.done <= it.total == 120 for it in told)


@pytest.mark.parametrize("how", ["saved as JPEG", "resized and back", "a little brighter"])
def test_a_picture_that_was_saved_anew_is_a_near_copy(photos, how):
    changed = np.stack([change(photos[place], how) for place in (8, 13, 19)])
    twins = find(np.concatenate([photos, changed]))
    assert {tuple(pair) for pair in twins.near.tolist()} == {(8, 60), (13, 61), (19, 62)}


def test_different_photos_are_no_twins(photos):
    twins = find(photos)
    assert len(twins.near) == 0
    assert (twins.sets == np.arange(60)).all()


def test_digits_that_look_alike_at_8x8_are_no_near_copies():
    from sklearn.datasets import load_digits

    images = (load_digits().images * 15).astype(np.uint8)[..., None]
    assert len(find(images).near) < 5


def test_copies_are_compared_with_others_only_once(photos):
    near = photos[9].copy()
    near[0, 0] ^= 3
    twins = find(np.concatenate([photos, photos[[9]], near[None]]))
    assert twins.near.tolist() == [[9, 61]]


def test_blank_pictures_are_copies_but_no_near_copies():
    images = np.zeros((40, 16, 16, 1), dtype=np.uint8)
    images[20:] = 1
    twins = find(images)
    assert set(twins.sets.tolist()) == {0, 20}
    assert len(twins.near) == 0


def test_a_strong_colour_does_not_hide_that_faint_pictures_differ(photos):
    grey = photos[:, ::2, ::2].mean(axis=3, keepdims=True)
    # The same scene below, and something else above.
    grey[:, 8:] = grey[:1, 8:]
    faint = (grey // 16).astype(np.uint8)
    under_blue_light = np.concatenate([faint, faint, 240 + faint], axis=3)
    assert find(under_blue_light).near.tolist() == find(faint).near.tolist()


def test_blocks_do_not_matter(photos):
    images = np.concatenate([photos] * 3)
    assert images.nbytes > BLOCK_BYTES
    assert (find(images).sets == np.tile(np.arange(60), 3)).all()
