"""Augmentation, change by change, on real digits: what it does to a picture, and what it never does."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.plugin import Augmentation


@pytest.fixture(scope="module")
def images(pictures):
    return (pictures.images[:256] / 255.0).astype("float32")


@pytest.fixture
def change():
    """Apply an augmentation to pictures (N, H, W, C)."""

    def change(images, **strengths):
        import keras
        from keras import ops

        from imgcls_automl.training.augment import Augment

        keras.utils.set_random_seed(0)
        augmentation = Augmentation(**strengths)
        layer = Augment(augmentation)
        layer.set_strengths(augmentation)
        return np.asarray(ops.convert_to_numpy(layer(ops.convert_to_tensor(images))))

    return change


def test_nothing_is_changed_where_nothing_was_asked_for(images, change):
    assert np.array_equal(change(images), images)


@pytest.mark.parametrize(
    "strengths",
    [
        {"horizontal_flip": True},
        {"rotation": 0.5},
        {"zoom": 0.9},
        {"translation": 0.9},
        {"erasing": 1.0},
        {"horizontal_flip": True, "rotation": 0.1, "zoom": 0.2, "translation": 0.2, "erasing": 0.5},
    ],
    ids="+".join,
)
def test_shape_and_range_stay(images, change, strengths):
    changed = change(images, **strengths)
    assert changed.shape == images.shape
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    assert changed.min() >= -1e-5
    assert changed.max() <= 1 + 1e-5
    assert np.mean(np.abs(changed - images).max(axis=(1, 2, 3)) > 1e-3) > 0.3


def test_pictures_that_are_not_square_and_in_colour_are_fine(change):
    wide = np.random.default_rng(0).random((4, 8, 20, 3), dtype="float32")
    changed = change(wide, rotation=0.2, zoom=0.2, translation=0.2, erasing=1.0)
    assert changed.shape == wide.shape
    assert np.isfinite(changed).all()


def test_a_flip_mirrors_about_half_of_them_and_leaves_the_rest(images, change):
    changed = change(images, horizontal_flip=True)
    same = np.all(changed == images, axis=(1, 2, 3))
    mirrored = np.all(changed == images[:, :, ::-1], axis=(1, 2, 3))
    assert np.all(same | mirrored)
    assert 0.35 < np.mean(mirrored) < 0.65


def test_erasing_greys_one_rectangle_and_leaves_the_rest(change):
    black = np.zeros((200, 20, 30, 1), "float32")
    changed = change(black, erasing=1.0)
    assert set(np.unique(changed)) == {0.0, 0.5}
    for picture in changed[..., 0] == 0.5:
        rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
        assert picture.sum() == len(rows) * len(columns)  # a full rectangle
        assert 3 <= len(rows) <= 11
        assert 5 <= len(columns) <= 16


def test_erasing_hits_the_share_asked_for(change):
    changed = change(np.zeros((400, 8, 8, 1), "float32"), erasing=0.25)
    assert 0.17 < np.mean(changed.any(axis=(1, 2, 3))) < 0.33


def spot(size=41, y=20, x=20):
    """200 black pictures with one bright spot each."""
    pictures = np.zeros((200, size, size, 1), "float32")
    pictures[:, y - 1 : y + 2, x - 1 : x + 2] = 1.0
    return pictures


def centres(pictures):
    """Where the spots are: (N, 2), rows and columns from the middle."""
    size = pictures.shape[1]
    at = np.arange(size) - (size - 1) / 2
    mass = pictures[..., 0].sum(axis=(1, 2))
    rows = (pictures[..., 0].sum(axis=2) * at).sum(axis=1) / mass
    columns = (pictures[..., 0].sum(axis=1) * at).sum(axis=1) / mass
    return np.stack([rows, columns], axis=1)


def test_a_shift_goes_either_way_up_to_its_share_of_the_side(change):
    moved = centres(change(spot(), translation=0.2))
    limit = 0.2 * 41
    assert np.abs(moved).max() <= limit + 0.1
    assert moved.min() < -0.7 * limit
    assert moved.max() > 0.7 * limit


def test_a_rotation_turns_about_the_middle_up_to_its_share_of_a_turn(change):
    changed = centres(change(spot(x=32), rotation=0.1))
    angles = np.degrees(np.arctan2(changed[:, 0], changed[:, 1]))
    assert np.abs(np.hypot(*changed.T) - 12).max() < 0.5
    assert np.abs(angles).max() <= 36.5
    assert angles.min() < -25
    assert angles.max() > 25


def test_a_zoom_leaves_the_middle_and_changes_distances_either_way(change):
    distances = centres(change(spot(x=28), zoom=0.2))[:, 1]
    assert 8 / 1.2 - 0.3 <= distances.min() < 7.2
    assert 9.2 < distances.max() <= 8 / 0.8 + 0.3
    assert np.abs(centres(change(spot(), zoom=0.2))).max() < 0.1


def test_mixup_gives_the_larger_share_to_the_picture_itself():
    from imgcls_automl.training.augment import Augment

    augmentation = Augmentation(mixup=0.4)
    layer = Augment(augmentation)
    layer.set_strengths(augmentation)
    ramp = np.linspace(0, 1, 500, dtype="float32").reshape(500, 1, 1, 1)
    mixed, drawn = layer.mix(ramp)
    shares = np.asarray(drawn)
    own = shares[:, :, None, None]
    assert np.allclose(mixed, own * ramp + (1 - own) * ramp[::-1], atol=1e-6)
    assert shares.shape == (500, 1)
    assert 0.5 <= shares.min() < 0.6
    assert 0.95 < shares.max() <= 1.0
