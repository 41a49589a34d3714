"""The space `cnn_small`: what it draws, what it builds, and the points it tries first."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from dataclasses import asdict

import optuna
import pytest
from imgcls_search_spaces.cnn_small import CnnSmall
from optuna.trial import FixedTrial

from imgcls_automl.plugin import Candidate, HasBaselines, ImageTask, SearchSpace

SHAPES = [(8, 8, 1), (8, 8, 3), (28, 28, 1), (32, 48, 3), (9, 200, 1), (128, 128, 3)]


def make_task(shape=(28, 28, 1), classes=10, pictures=48_000):
    names = tuple(f"class {index:04}" for index in range(classes))
    return ImageTask(
        image_shape=shape, class_names=names, class_counts=(pictures // classes,) * classes
    )


def draw(task, count, seed=0):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [CnnSmall().suggest(study.ask(), task) for _ in range(count)]


def draw_baselines(task):
    space = CnnSmall()
    return [space.suggest(FixedTrial(dict(params)), task) for params in space.baselines(task)]


def test_it_keeps_the_contract_of_a_space_with_baselines():
    assert isinstance(CnnSmall(), SearchSpace)
    assert isinstance(CnnSmall(), HasBaselines)


def test_its_module_imports_no_framework():
    code = "import sys, imgcls_search_spaces.cnn_small; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "tensorflow", "optuna", "numpy"} & set(done.stdout.split())


class TestSuggest:
    def test_every_draw_is_within_what_the_space_promises(self):
        for candidate in draw(make_task(), 200):
            model, training = candidate.model, candidate.training
            assert 1 <= model["blocks"] <= 4
            assert model["kernel_size"] in (3, 5)
            assert 64 <= model["dense_units"] <= 256
            assert training.batch_size in (32, 64, 128, 256, 512)
            for block in range(1, model["blocks"] + 1):
                assert 16 <= model[f"filters_{block}"] <= 128
                assert 0.0 <= model[f"dropout_{block}"] <= 0.5

    def test_draws_cover_every_choice(self):
        drawn = draw(make_task(), 200)
        assert {candidate.model["blocks"] for candidate in drawn} == {1, 2, 3, 4}
        assert {candidate.model["kernel_size"] for candidate in drawn} == {3, 5}
        assert {candidate.model["batch_norm"] for candidate in drawn} == {True, False}
        assert {candidate.training.optimizer for candidate in drawn} == {"adam", "adamw"}
        assert {candidate.training.batch_size for candidate in drawn} == {32, 64, 128, 256, 512}

    def test_a_block_that_is_not_there_has_no_parameters(self):
        for candidate in draw(make_task(), 50):
            blocks = candidate.model["blocks"]
            assert f"filters_{blocks}" in candidate.model
            assert f"filters_{blocks + 1}" not in candidate.model
            assert f"dropout_{blocks + 1}" not in candidate.model

    def test_only_adamw_decays_the_weights(self):
        for candidate in draw(make_task(), 50):
            assert (candidate.training.weight_decay > 0.0) == (
                candidate.training.optimizer == "adamw"
            )

    def test_a_candidate_survives_json(self):
        for candidate in draw(make_task(), 200):
            assert json.loads(json.dumps(asdict(candidate))) == asdict(candidate)

    def test_the_same_parameters_give_the_same_candidate(self):
        study = optuna.create_study()
        trial = study.ask()
        drawn = CnnSmall().suggest(trial, make_task())
        assert CnnSmall().suggest(FixedTrial(trial.params), make_task()) == drawn

    def test_few_pictures_get_small_batches(self):
        drawn = draw(make_task(pictures=200), 20)
        assert {candidate.training.batch_size for candidate in drawn} == {32}

    def test_large_pictures_get_small_batches(self):
        drawn = draw(make_task(shape=(128, 128, 3)), 50)
        assert {candidate.training.batch_size for candidate in drawn} == {32, 64, 128}


class TestBaselines:
    @pytest.mark.parametrize("pictures", [48_000, 1_000, 20])
    @pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (256, 256, 3)])
    def test_a_study_replays_them_exactly_and_without_a_warning(self, shape, pictures):
        task = make_task(shape=shape, pictures=pictures)
        for params in CnnSmall().baselines(task):
            study = optuna.create_study()
            study.enqueue_trial(dict(params))
            trial = study.ask()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                from_study = CnnSmall().suggest(trial, task)
                from_fixed = CnnSmall().suggest(FixedTrial(dict(params)), task)
            assert from_study == from_fixed
            # Optuna would draw at random what is missing, and ignore what is too much.
            assert trial.params == params

    def test_the_first_is_the_known_good_start(self):
        candidate = draw_baselines(make_task())[0]
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
        candidate = draw_baselines(make_task())[1]
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
    def build(self, candidate: Candidate, task: ImageTask):
        import keras

        keras.backend.clear_session()
        return CnnSmall().build(candidate.model, task)

    @pytest.mark.parametrize(
        ("shape", "classes"),
        [*((shape, 10) for shape in SHAPES), ((28, 28, 1), 2), ((28, 28, 1), 1000)],
    )
    def test_pictures_become_logits(self, shape, classes):
        import numpy as np

        task = make_task(shape, classes)
        images = np.random.default_rng(0).random((3, *shape), dtype=np.float32)
        for candidate in draw_baselines(task):
            logits = np.asarray(self.build(candidate, task)(images))
            assert logits.shape == (3, classes)
            assert np.isfinite(logits).all()
            # Probabilities would be in [0, 1] and add up to 1.
            assert not np.allclose(logits.sum(axis=1), 1.0)

    @pytest.mark.parametrize("shape", SHAPES)
    def test_every_draw_builds_with_a_dense_layer_of_reasonable_size(self, shape):
        task = make_task(shape)
        for candidate in draw(task, 2, seed=sum(shape)):
            model = self.build(candidate, task)
            assert model.output_shape == (None, 10)
            assert model.count_params() < 4_000_000

    def test_the_known_good_start_has_the_layers_it_names(self):
        task = make_task()
        model = self.build(draw_baselines(task)[0], task)
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
        model = self.build(draw_baselines(task)[1], task)
        convolutions = (9 * 1 + 1) * 32 + (9 * 32 + 1) * 64 + (9 * 64 + 1) * 128
        dense = (3 * 3 * 128 + 1) * 128 + (128 + 1) * 10
        assert model.count_params() == convolutions + dense

    def test_pooling_stops_before_a_side_falls_under_two(self):
        task = make_task((8, 8, 1))
        model = self.build(draw_baselines(task)[0], task)
        last = [layer for layer in model.layers if type(layer).__name__ == "ReLU"][-1]
        assert last.output.shape == (None, 2, 2, 128)

    def test_the_weights_follow_from_the_model_alone(self):
        task = make_task()
        first, second = draw_baselines(task)[0], draw_baselines(make_task(pictures=100))[0]
        assert first.training != second.training
        shapes = [
            [weight.shape for weight in self.build(candidate, task).weights]
            for candidate in (first, second)
        ]
        assert shapes[0] == shapes[1]
