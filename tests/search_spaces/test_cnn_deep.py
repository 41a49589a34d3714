"""The space `cnn_deep`: what it draws, what it builds, and the points it tries first."""

from __future__ import annotations

from itertools import pairwise

import pytest
from image_tasks import build, draw, draw_baselines, make_task
from imgcls_search_spaces.cnn_deep import CnnDeep

PHOTOS = make_task((64, 64, 3), classes=5)


def list_kinds(model):
    return [type(layer).__name__ for layer in model.layers]


class TestSuggest:
    def test_every_draw_is_within_what_the_space_promises(self):
        for candidate in draw(CnnDeep(), PHOTOS, 200):
            model = candidate.model
            assert 3 <= model["blocks"] <= 5
            assert model["convolutions"] in (1, 2)
            assert 16 <= model["filters_1"] <= 64
            assert 64 <= model["filters_3"] <= 256
            assert ("filters_5" in model) == (model["blocks"] == 5)

    def test_of_augmentation_it_searches_flips_alone(self):
        for candidate in draw(CnnDeep(), PHOTOS, 50):
            augmentation = candidate.training.augmentation
            assert augmentation.rotation == augmentation.erasing == augmentation.mixup == 0.0


class TestBaselines:
    def test_both_have_the_published_convolutions(self):
        for candidate in draw_baselines(CnnDeep(), PHOTOS):
            model = candidate.model
            assert [model[f"filters_{block}"] for block in (1, 2, 3, 4)] == [32, 64, 128, 256]
            assert (model["blocks"], model["kernel_size"], model["convolutions"]) == (4, 3, 1)
            assert (model["dense_units"], model["dense_dropout"]) == (256, 0.4)

    def test_the_first_is_normalised_and_the_second_as_published(self):
        known_good, published = draw_baselines(CnnDeep(), PHOTOS)
        assert known_good.model["batch_norm"]
        assert (known_good.training.optimizer, known_good.training.schedule) == (
            "adamw",
            "one_cycle",
        )
        assert known_good.training.augmentation.horizontal_flip
        assert not published.model["batch_norm"]
        assert (published.training.optimizer, published.training.learning_rate) == ("adam", 0.001)


@pytest.mark.slow
class TestBuild:
    def test_the_published_network_has_its_published_size_at_64x64(self):
        model = build(CnnDeep(), draw_baselines(CnnDeep(), PHOTOS)[1], PHOTOS)
        widths = [3, 32, 64, 128, 256]
        convolutions = sum((9 * n + 1) * m for n, m in pairwise(widths))
        dense = (4 * 4 * 256 + 1) * 256 + (256 + 1) * 5
        assert model.count_params() == convolutions + dense
        assert list_kinds(model) == [
            "InputLayer",
            *("Conv2D", "MaxPooling2D", "ReLU") * 4,
            *("Flatten", "Dense", "Dropout", "Dense"),
        ]

    def test_the_known_good_one_normalises_after_pooling(self):
        model = build(CnnDeep(), draw_baselines(CnnDeep(), PHOTOS)[0], PHOTOS)
        block = ("Conv2D", "MaxPooling2D", "BatchNormalization", "ReLU", "Dropout")
        assert list_kinds(model)[1:21] == [*block * 4]

    @pytest.mark.parametrize(("side", "poolings"), [(8, 2), (16, 3), (32, 4), (64, 4)])
    def test_small_pictures_are_pooled_less_often(self, side, poolings):
        task = make_task((side, side, 1))
        model = build(CnnDeep(), draw_baselines(CnnDeep(), task)[0], task)
        assert list_kinds(model).count("MaxPooling2D") == poolings

    def test_a_second_convolution_stands_in_every_block_but_the_first(self):
        candidate = next(c for c in draw(CnnDeep(), PHOTOS, 50) if c.model["convolutions"] == 2)
        kinds = list_kinds(build(CnnDeep(), candidate, PHOTOS))
        assert kinds.count("Conv2D") == 2 * candidate.model["blocks"] - 1
        assert kinds.count("MaxPooling2D") == candidate.model["blocks"]
