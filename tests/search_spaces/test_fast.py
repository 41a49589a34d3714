"""The space `fast`: whitened patches, and what it is made of."""

from __future__ import annotations

import numpy as np
import pytest
from image_tasks import build, draw, draw_baselines, make_task
from imgcls_search_spaces._whitening import LAYER
from imgcls_search_spaces.fast import Fast
from sklearn.datasets import load_digits

from imgcls_automl.plugin import HasInitialise


def list_kinds(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.fixture(scope="module")
def digits():
    """Digits as training reads them: uint8 (N, H, W, C)."""
    return (load_digits().images[..., None] * 15).astype("uint8")


def test_a_block_that_is_not_there_has_no_width():
    for candidate in draw(Fast(), make_task(), 50):
        blocks = candidate.model["blocks"]
        assert f"width_{blocks}" in candidate.model
        assert f"width_{blocks + 1}" not in candidate.model


def test_it_is_initialised_from_the_pictures():
    assert isinstance(Fast(), HasInitialise)


@pytest.mark.slow
class TestBuild:
    def test_the_first_baseline_has_the_layers_it_names(self):
        task = make_task()
        model = build(Fast(), draw_baselines(Fast(), task)[0], task)
        block = ["Conv2D", "MaxPooling2D", "BatchNormalization", "Activation"]
        stem = ["InputLayer", "Conv2D", "Activation"]
        assert list_kinds(model) == [*stem, *block, *block, "Flatten", "Dense"]

    @pytest.mark.parametrize(
        ("side", "first"), [(8, 8), (14, 14), (28, 14), (32, 16), (64, 16), (128, 16), (224, 28)]
    )
    def test_larger_pictures_are_shrunk_at_once(self, side, first):
        task = make_task((side, side, 3))
        model = build(Fast(), draw_baselines(Fast(), task)[0], task)
        assert model.get_layer(LAYER).output.shape[1:3] == (first, first)


@pytest.mark.slow
class TestWhitening:
    def test_what_the_first_layer_gives_is_uncorrelated(self, digits):
        from keras import ops

        task = make_task((8, 8, 1))
        model = build(Fast(), draw_baselines(Fast(), task)[0], task)
        Fast().initialise(model, digits)
        layer = model.get_layer(LAYER)
        # Inside, where no patch leads out of the picture; the first half, the second is its negative.
        given = np.asarray(layer(ops.convert_to_tensor(digits / np.float32(255))))[:, 1:-1, 1:-1]
        first, second = np.split(given.reshape(-1, 18), 2, axis=1)
        np.testing.assert_allclose(first, -second, atol=1e-4)
        covariance = np.cov(first, rowvar=False)
        np.testing.assert_allclose(covariance, np.eye(9), atol=0.1)
        np.testing.assert_allclose(first.mean(axis=0), 0.0, atol=0.1)

    def test_it_stays_as_it_is_while_the_rest_is_trained(self, digits):
        task = make_task((8, 8, 1))
        model = build(Fast(), draw_baselines(Fast(), task)[0], task)
        assert not model.get_layer(LAYER).trainable
        trained = [layer.name for layer in model.layers if layer.trainable_weights]
        assert len(trained) == 5

    def test_the_same_pictures_give_the_same_filters(self, digits):
        task = make_task((8, 8, 1))
        kernels = []
        for _ in range(2):
            model = build(Fast(), draw_baselines(Fast(), task)[0], task)
            Fast().initialise(model, digits)
            kernels.append(np.asarray(model.get_layer(LAYER).kernel))
        np.testing.assert_array_equal(*kernels)

    def test_pictures_of_one_colour_give_finite_filters(self):
        task = make_task((8, 8, 3))
        model = build(Fast(), draw_baselines(Fast(), task)[0], task)
        Fast().initialise(model, np.full((5, 8, 8, 3), 7, np.uint8))
        assert np.isfinite(np.asarray(model.get_layer(LAYER).kernel)).all()
