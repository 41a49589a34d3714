"""The space `transfer`: pretrained weights loaded, frozen, thawed; no network is needed, and none is used."""

from __future__ import annotations

import numpy as np
import pytest
from image_tasks import build, draw, draw_baselines, make_task
from imgcls_search_spaces._backbones import find_backbone
from imgcls_search_spaces.transfer import Transfer

from imgcls_automl.plugin import Candidate, HasInitialise, PluginError

NAME = "MobileNetV3Small"
MODEL = {"backbone": NAME, "side": 32, "dropout": 0.0}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights, random ones, that came from elsewhere."""
    from imgcls_search_spaces._backbones import build_backbone

    file = tmp_path_factory.mktemp("weights") / "elsewhere.weights.h5"
    build_backbone(NAME, (32, 32, 3)).save_weights(file)
    return str(file)


class TestSuggest:
    def test_without_weights_every_network_is_trained_as_a_whole(self):
        drawn = draw(Transfer(), make_task(), 50)
        assert len({candidate.model["backbone"] for candidate in drawn}) == 4
        assert not any(candidate.model["frozen"] for candidate in drawn)
        assert not any(candidate.training.frozen_epochs for candidate in drawn)

    def test_with_weights_networks_begin_frozen(self):
        drawn = draw(Transfer(weights="imagenet"), make_task(), 50)
        assert all(candidate.model["frozen"] for candidate in drawn)
        assert {candidate.training.frozen_epochs for candidate in drawn} == {0, 1, 2, 3}

    def test_the_larger_pictures_become_the_smaller_are_the_batches(self):
        drawn = draw(Transfer(), make_task(), 200)
        for side, largest in ((32, 512), (64, 128), (128, 32)):
            sizes = [it.training.batch_size for it in drawn if it.model["side"] == side]
            assert max(sizes) == largest


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"backbone": "VGG"}, "must be one of MobileNetV3Small, .*, but got 'VGG'"),
            (
                {"weights": "no.weights.h5"},
                "There is no file 'no.weights.h5'.*\n.*weights=imagenet",
            ),
            ({"weights": __file__, "backbone": NAME}, r"has to end in \.weights\.h5"),
        ],
    )
    def test_what_cannot_be_is_refused_at_once(self, options, message):
        with pytest.raises(PluginError, match=message):
            Transfer(**options)

    @pytest.mark.slow
    def test_a_file_needs_the_name_of_its_network(self, weights):
        with pytest.raises(PluginError, match=r"of which.*\n.*backbone=NAME"):
            Transfer(weights=weights)


@pytest.mark.slow
class TestBuild:
    @pytest.mark.parametrize(
        ("shape", "seen"), [((8, 8, 1), (64, 64)), ((9, 20, 1), (64, 143)), ((70, 90, 3), (70, 90))]
    )
    def test_small_pictures_are_enlarged_and_grey_ones_get_three_channels(self, shape, seen):
        task = make_task(shape)
        space = Transfer(backbone=NAME)
        model = build(space, draw_baselines(space, task)[0], task)
        assert find_backbone(model).input.shape == (None, *seen, 3)

    @pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetV2B0"])
    def test_pictures_are_prepared_as_the_network_was_trained(self, name):
        import keras

        task = make_task((32, 32, 3))
        model = build(Transfer(), Candidate(model=MODEL | {"backbone": name, "frozen": True}), task)
        images = np.random.default_rng(0).random((2, 32, 32, 3), dtype=np.float32)
        before = next(layer for layer in model.layers if isinstance(layer, keras.layers.Rescaling))
        given = np.asarray(keras.Model(model.input, before.output)(images))
        if name == "MobileNetV2":
            wanted = keras.applications.mobilenet_v2.preprocess_input(images * 255)
        else:
            whole = keras.applications.EfficientNetV2B0(weights=None, include_top=False)
            # By their kinds: names of layers count up with every model.
            kinds = (keras.layers.Rescaling, keras.layers.Normalization)
            rescale, normalise = (layer for layer in whole.layers if isinstance(layer, kinds))
            wanted = np.asarray(normalise(rescale(images * 255)))
        np.testing.assert_allclose(given, wanted, atol=1e-5)


@pytest.mark.slow
class TestWeights:
    def test_they_arrive_frozen_and_thaw_after_the_frozen_epochs(self, weights):
        import keras

        from imgcls_automl.training.weights import thaw

        space = Transfer(weights=weights, backbone=NAME)
        assert isinstance(space, HasInitialise)
        task = make_task((8, 8, 1))
        model = build(space, Candidate(model=MODEL | {"frozen": True}), task)
        backbone = find_backbone(model)
        at_random = backbone.get_weights()[0]
        space.initialise(model, np.zeros((1, 8, 8, 1), np.uint8))

        stored = keras.models.clone_model(backbone)
        stored.load_weights(weights)
        for ours, theirs in zip(backbone.get_weights(), stored.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert not np.array_equal(at_random, stored.get_weights()[0])
        assert len(model.trainable_weights) == 2  # the last layer's
        thaw(model)
        assert len(model.trainable_weights) > 100

    def test_of_another_network_they_are_refused(self, weights):
        space = Transfer(weights=weights, backbone="MobileNetV2")
        task = make_task((32, 32, 3))
        model = build(
            space, Candidate(model=MODEL | {"backbone": "MobileNetV2", "frozen": True}), task
        )
        with pytest.raises(PluginError, match=r"does not hold weights of MobileNetV2: .*backbone="):
            space.initialise(model, np.zeros((1, 32, 32, 3), np.uint8))

    def test_without_a_network_the_answer_says_what_to_do(self, tmp_path, monkeypatch):
        from keras.src.backend import config

        monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))  # where downloads are kept
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nobody answers
        space = Transfer(weights="imagenet", backbone=NAME)
        model = build(space, Candidate(model=MODEL | {"frozen": True}), make_task((32, 32, 3)))
        with pytest.raises(PluginError, match=r"could not be downloaded: .*weights=FILE"):
            space.initialise(model, np.zeros((1, 32, 32, 3), np.uint8))
