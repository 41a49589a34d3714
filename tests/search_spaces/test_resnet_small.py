"""The space `resnet_small`: what it draws, what it builds, and the points it tries first."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from image_tasks import build, draw, draw_baselines, make_task
from imgcls_search_spaces.resnet_small import ResNetSmall

from imgcls_automl.plugin import Augmentation

FEW_PHOTOS = make_task((64, 64, 3), classes=2, pictures=172)


def list_kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def with_model(candidate, **changed):
    return replace(candidate, model={**candidate.model, **changed})


class TestSuggest:
    def test_draws_cover_every_depth_and_both_ways_of_shrinking(self):
        drawn = draw(ResNetSmall(), make_task(), 200)
        assert {candidate.model["stages"] for candidate in drawn} == {2, 3, 4}
        assert {candidate.model["depth_1"] for candidate in drawn} == {1, 2}
        assert {candidate.model["downsampling"] for candidate in drawn} == {"pool", "stride"}
        assert {candidate.model["width_1"] for candidate in drawn} == {16, 32, 48, 64}

    def test_a_stage_that_is_not_there_has_no_parameters(self):
        for candidate in draw(ResNetSmall(), make_task(), 50):
            stages = candidate.model["stages"]
            assert f"width_{stages}" in candidate.model
            assert f"width_{stages + 1}" not in candidate.model
            assert f"depth_{stages + 1}" not in candidate.model

    def test_it_searches_shifts_and_erasing(self):
        drawn = draw(ResNetSmall(), make_task(), 100)
        augmentations = [candidate.training.augmentation for candidate in drawn]
        assert len({augmentation.erasing for augmentation in augmentations}) == 6
        assert len({augmentation.translation for augmentation in augmentations}) == 5
        assert not any(augmentation.rotation for augmentation in augmentations)

    def test_of_few_photos_it_searches_every_change(self):
        drawn = draw(ResNetSmall(), FEW_PHOTOS, 100)
        changes = [asdict(candidate.training.augmentation) for candidate in drawn]
        assert all(any(change[name] for change in changes) for name in changes[0])

    @pytest.mark.parametrize(
        "task", [make_task((64, 64, 3), pictures=20_000), make_task((8, 8, 1), pictures=200)]
    )
    def test_many_photos_and_small_pictures_are_not_turned(self, task):
        drawn = draw(ResNetSmall(), task, 50)
        assert not any(candidate.training.augmentation.rotation for candidate in drawn)


class TestBaselines:
    def test_few_photos_are_changed_in_every_way(self):
        for candidate in draw_baselines(ResNetSmall(), FEW_PHOTOS):
            assert all(asdict(candidate.training.augmentation).values())

    def test_others_are_mirrored_and_erased(self):
        for candidate in draw_baselines(ResNetSmall(), make_task()):
            augmentation = candidate.training.augmentation
            assert augmentation == Augmentation(horizontal_flip=True, erasing=0.5)

    def test_the_second_is_the_narrower(self):
        first, second = (candidate.model for candidate in draw_baselines(ResNetSmall(), FEW_PHOTOS))
        assert [first[f"width_{stage}"] for stage in (1, 2, 3)] == [48, 96, 192]
        assert [second[f"width_{stage}"] for stage in (1, 2, 3)] == [32, 64, 128]


@pytest.mark.slow
class TestBuild:
    def test_a_block_is_activated_before_its_convolutions_and_never_after_its_sum(self):
        task = make_task()
        baseline = draw_baselines(ResNetSmall(), task)[0]
        narrow = with_model(baseline, stages=2, stem_filters=32, width_1=32, depth_1=1, depth_2=1)
        model = build(ResNetSmall(), with_model(narrow, downsampling="pool"), task)
        activation = ("BatchNormalization", "ReLU")
        kinds = list_kinds(model)
        stem = ["InputLayer", "Conv2D", "MaxPooling2D"]
        # The width stays, so that the shortcut is the identity.
        block = [*activation, "Conv2D", *activation, "Conv2D", "Add"]
        assert kinds[: len(stem + block)] == stem + block
        assert kinds[-4:] == ["ReLU", "GlobalAveragePooling2D", "Dropout", "Dense"]
        assert not any(layer.use_bias for layer in model.layers if type(layer).__name__ == "Conv2D")

    @pytest.mark.parametrize("downsampling", ["pool", "stride"])
    def test_each_stage_after_the_first_halves_the_picture(self, downsampling):
        task = make_task((32, 48, 3))
        baseline = draw_baselines(ResNetSmall(), task)[0]
        model = build(ResNetSmall(), with_model(baseline, downsampling=downsampling), task)
        sums = [layer.output.shape[1:3] for layer in model.layers if type(layer).__name__ == "Add"]
        assert list(dict.fromkeys(sums)) == [(16, 24), (8, 12), (4, 6)]

    @pytest.mark.parametrize(
        ("side", "first"), [(8, 8), (16, 16), (28, 14), (32, 16), (64, 16), (128, 32)]
    )
    def test_the_stem_shrinks_larger_pictures_first(self, side, first):
        task = make_task((side, side, 3))
        model = build(ResNetSmall(), draw_baselines(ResNetSmall(), task)[0], task)
        sums = [layer.output.shape for layer in model.layers if type(layer).__name__ == "Add"]
        assert sums[0][1:3] == (first, first)

    @pytest.mark.parametrize("downsampling", ["pool", "stride"])
    def test_a_side_never_falls_under_two(self, downsampling):
        task = make_task((8, 8, 1))
        deepest = next(c for c in draw(ResNetSmall(), task, 50) if c.model["stages"] == 4)
        model = build(ResNetSmall(), with_model(deepest, downsampling=downsampling), task)
        assert min(layer.output.shape[1] for layer in model.layers if is_picture(layer)) == 2


def is_picture(layer):
    return len(layer.output.shape) == 4
