"""The space `cnn_small`: what it draws, what it builds, and the points it tries first."""

from __future__ import annotations

import pytest
from image_tasks import build, draw, draw_baselines, make_task
from imgcls_search_spaces.cnn_small import CnnSmall

SHAPES = [(8, 8, 1), (8, 8, 3), (28, 28, 1), (32, 48, 3), (9, 200, 1), (128, 128, 3)]


class TestSuggest:
    def test_every_draw_is_within_what_the_space_promises(self):
        for candidate in draw(CnnSmall(), make_task(), 200):
            model, training = candidate.model, candidate.training
            assert 1 <= model["blocks"] <= 4
            assert model["kernel_size"] in (3, 5)
            assert 64 <= model["dense_units"] <= 256
            assert training.batch_size in (32, 64, 128, 256, 512)
            for block in range(1, model["blocks"] + 1):
                assert 16 <= model[f"filters_{block}"] <= 128
                assert 0.0 <= model[f"dropout_{block}"] <= 0.5

    def test_draws_cover_every_choice(self):
        drawn = draw(CnnSmall(), make_task(), 200)
        assert {candidate.model["blocks"] for candidate in drawn} == {1, 2, 3, 4}
        assert {candidate.model["kernel_size"] for candidate in drawn} == {3, 5}
        assert {candidate.model["batch_norm"] for candidate in drawn} == {True, False}
        assert {candidate.training.optimizer for candidate in drawn} == {"adam", "adamw"}

    def test_a_block_that_is_not_there_has_no_parameters(self):
        for candidate in draw(CnnSmall(), make_task(), 50):
            blocks = candidate.model["blocks"]
            assert f"filters_{blocks}" in candidate.model
            assert f"filters_{blocks + 1}" not in candidate.model
            assert f"dropout_{blocks + 1}" not in candidate.model


class TestBaselines:
    def test_the_first_is_the_known_good_start(self):
        candidate = draw_baselines(CnnSmall(), make_task())[0]
        assert candidate.model == {
            **{"blocks": 3, "kernel_size": 3, "batch_norm": True},
            **{"filters_1": 32, "filters_2": 64, "filters_3": 128},
            **{"dropout_1": 0.0, "dropout_2": 0.1, "dropout_3": 0.2},
            **{"dense_units": 128, "dense_dropout": 0.3},
        }
        training = candidate.training
        assert (training.optimizer, training.weight_decay) == ("adamw", 0.01)
        assert (training.batch_size, training.learning_rate) == (128, 0.004)
        assert (training.schedule, training.label_smoothing) == ("one_cycle", 0.0)
        assert training.augmentation.horizontal_flip

    def test_the_second_is_the_published_network(self):
        candidate = draw_baselines(CnnSmall(), make_task())[1]
        assert candidate.model == {
            **{"blocks": 3, "kernel_size": 3, "batch_norm": False},
            **{"filters_1": 32, "filters_2": 64, "filters_3": 128},
            **{"dropout_1": 0.25, "dropout_2": 0.25, "dropout_3": 0.4},
            **{"dense_units": 128, "dense_dropout": 0.3},
        }
        training = candidate.training
        assert (training.optimizer, training.weight_decay) == ("adam", 0.0)
        assert (training.batch_size, training.learning_rate) == (128, 0.001)
        assert not training.augmentation.horizontal_flip


@pytest.mark.slow
class TestBuild:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_every_draw_builds_with_a_dense_layer_of_reasonable_size(self, shape):
        task = make_task(shape)
        for candidate in draw(CnnSmall(), task, 2, seed=sum(shape)):
            model = build(CnnSmall(), candidate, task)
            assert model.output_shape == (None, 10)
            assert model.count_params() < 4_000_000

    def test_the_known_good_start_has_the_layers_it_names(self):
        task = make_task()
        model = build(CnnSmall(), draw_baselines(CnnSmall(), task)[0], task)
        kinds = [type(layer).__name__ for layer in model.layers]
        assert kinds == [
            "InputLayer",
            *("Conv2D", "MaxPooling2D", "BatchNormalization", "ReLU"),
            *("Conv2D", "MaxPooling2D", "BatchNormalization", "ReLU", "Dropout"),
            *("Conv2D", "MaxPooling2D", "BatchNormalization", "ReLU", "Dropout"),
            *("Flatten", "Dense", "Dropout", "Dense"),
        ]
        assert [layer.use_bias for layer in model.layers if "conv" in layer.name] == [False] * 3

    def test_the_published_network_has_its_published_size(self):
        task = make_task()
        model = build(CnnSmall(), draw_baselines(CnnSmall(), task)[1], task)
        convolutions = (9 * 1 + 1) * 32 + (9 * 32 + 1) * 64 + (9 * 64 + 1) * 128
        dense = (3 * 3 * 128 + 1) * 128 + (128 + 1) * 10
        assert model.count_params() == convolutions + dense

    def test_pooling_stops_before_a_side_falls_under_two(self):
        task = make_task((8, 8, 1))
        model = build(CnnSmall(), draw_baselines(CnnSmall(), task)[0], task)
        last = [layer for layer in model.layers if type(layer).__name__ == "ReLU"][-1]
        assert last.output.shape == (None, 2, 2, 128)
