"""What every search space of ours promises: read from the entry points, so that none is forgotten."""

from __future__ import annotations

import tomllib
import warnings
from importlib import import_module
from pathlib import Path

import optuna
import pytest
from image_tasks import build, draw, draw_baselines, make_task
from optuna.trial import FixedTrial

from imgcls_automl.plugin import HasBaselines
from imgcls_automl.testing import SearchSpaceContract

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
SPACES = PROJECT["entry-points"]["imgcls_automl.search_spaces"]

# The smallest network alone: the others of keras.applications take long to build.
OPTIONS = {"transfer": {"backbone": "MobileNetV3Small"}}
# Spaces made for weights that were learned elsewhere: their networks are slow to train from scratch.
PRETRAINED = {"transfer"}


@pytest.fixture(params=SPACES)
def name(request):
    return request.param


@pytest.fixture
def space(name):
    module, _, class_name = SPACES[name].partition(":")
    return getattr(import_module(module), class_name)(**OPTIONS.get(name, {}))


@pytest.mark.slow
class TestContract(SearchSpaceContract):
    """The promises that anyone's space makes."""


def test_it_has_baselines(space):
    assert isinstance(space, HasBaselines)


class TestSuggest:
    def test_only_adamw_decays_the_weights(self, space):
        for candidate in draw(space, make_task(), 50):
            training = candidate.training
            assert (training.weight_decay > 0.0) == (training.optimizer == "adamw")

    def test_draws_cover_all_batch_sizes(self, name, space):
        if name in PRETRAINED:
            pytest.skip("its batches depend on how far pictures are enlarged")
        drawn = draw(space, make_task(), 100)
        assert {candidate.training.batch_size for candidate in drawn} == {32, 64, 128, 256, 512}

    def test_few_pictures_get_small_batches(self, space):
        drawn = draw(space, make_task(pictures=200), 20)
        assert {candidate.training.batch_size for candidate in drawn} == {32}

    def test_large_pictures_get_small_batches(self, name, space):
        if name in PRETRAINED:
            pytest.skip("its batches depend on how far pictures are enlarged")
        drawn = draw(space, make_task(shape=(128, 128, 3)), 50)
        assert {candidate.training.batch_size for candidate in drawn} == {32, 64, 128}


class TestBaselines:
    @pytest.mark.parametrize("pictures", [48_000, 1_000, 20])
    @pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (64, 64, 3), (256, 256, 3)])
    def test_a_study_replays_them_exactly_and_without_a_warning(self, space, shape, pictures):
        task = make_task(shape=shape, pictures=pictures)
        for params in space.baselines(task):
            study = optuna.create_study()
            study.enqueue_trial(dict(params))
            trial = study.ask()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                from_study = space.suggest(trial, task)
                from_fixed = space.suggest(FixedTrial(dict(params)), task)
            assert from_study == from_fixed
            # Optuna would draw at random what is missing, and ignore what is too much.
            assert trial.params == params

    def test_there_are_two_and_they_differ(self, space):
        first, second = draw_baselines(space, make_task())
        assert first != second


@pytest.mark.slow
class TestBuild:
    @pytest.mark.parametrize("shape", [(8, 8, 1), (9, 200, 1), (128, 128, 3)])
    def test_every_draw_builds_at_a_reasonable_size(self, space, shape):
        task = make_task(shape)
        for candidate in draw(space, task, 2, seed=sum(shape)):
            model = build(space, candidate, task)
            assert model.output_shape == (None, 10)
            assert model.count_params() < 20_000_000

    def test_it_learns_digits_from_its_first_baseline(self, name, space):
        if name in PRETRAINED:
            pytest.skip("from scratch it takes more pictures than these")
        import keras
        import numpy as np
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = (digits.images[..., None] / 16).astype("float32")
        task = make_task((8, 8, 1), pictures=1_500)
        candidate = draw_baselines(space, task)[0]
        keras.utils.set_random_seed(0)
        model = build(space, candidate, task)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        rate = candidate.training.learning_rate
        model.compile(keras.optimizers.AdamW(rate), loss)
        model.fit(images[:1500], digits.target[:1500], batch_size=64, epochs=6, verbose=0)
        named = np.asarray(model.predict(images[1500:], verbose=0)).argmax(axis=1)
        assert np.mean(named == digits.target[1500:]) > 0.8
