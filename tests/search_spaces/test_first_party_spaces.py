"""What every search space of ours promises: read from the entry points, so that none is forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import warnings
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import optuna
import pytest
from image_tasks import build, draw, draw_baselines, make_task
from optuna.trial import FixedTrial

from imgcls_automl.plugin import Candidate, HasBaselines, SearchSpace, Training

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
SPACES = PROJECT["entry-points"]["imgcls_automl.search_spaces"]

# Spaces made for weights that were learned elsewhere: large networks, slow to train from scratch.
PRETRAINED = {"transfer"}

SHAPES = [(8, 8, 1), (28, 28, 1), (32, 48, 3), (64, 64, 3), (128, 128, 3)]


@pytest.fixture(params=SPACES)
def name(request):
    return request.param


@pytest.fixture
def space(name):
    module, _, class_name = SPACES[name].partition(":")
    return getattr(import_module(module), class_name)()


def restore(text: str) -> Candidate:
    """A candidate from the JSON of its fields."""
    fields = json.loads(text)
    training = fields["training"]
    augmentation = type(Training().augmentation)(**training.pop("augmentation"))
    return Candidate(
        model=fields["model"], training=Training(**training, augmentation=augmentation)
    )


def test_it_keeps_the_contract_of_a_space_with_baselines(space):
    assert isinstance(space, SearchSpace)
    assert isinstance(space, HasBaselines)


def test_its_module_imports_no_framework(name):
    code = f"import sys, {SPACES[name].partition(':')[0]}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "tensorflow", "optuna", "numpy"} & set(done.stdout.split())


class TestSuggest:
    def test_a_candidate_survives_json(self, space):
        for candidate in draw(space, make_task(), 100):
            assert restore(json.dumps(asdict(candidate))) == candidate

    def test_the_same_parameters_give_the_same_candidate(self, space):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        for _ in range(20):
            trial = study.ask()
            drawn = space.suggest(trial, make_task())
            for _ in range(2):
                assert space.suggest(FixedTrial(trial.params), make_task()) == drawn

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
    @pytest.mark.parametrize(
        ("shape", "classes"),
        [*((shape, 10) for shape in SHAPES), ((28, 28, 1), 2), ((28, 28, 1), 1000)],
    )
    def test_pictures_become_logits_that_can_be_learned_from(self, space, shape, classes):
        import keras
        import numpy as np

        task = make_task(shape, classes)
        images = np.random.default_rng(0).random((4, *shape), dtype=np.float32)
        model = build(space, draw_baselines(space, task)[0], task)
        logits = np.asarray(model(images))
        assert logits.shape == (4, classes)
        assert np.isfinite(logits).all()
        # Probabilities would be in [0, 1] and add up to 1.
        assert not np.allclose(logits.sum(axis=1), 1.0)

        # One step of plain descent at rate 1 changes each weight by its gradient.
        before = [np.asarray(weight) for weight in model.trainable_weights]
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
        model.train_on_batch(images, np.arange(4) % classes)
        steps = [
            np.asarray(weight) - old
            for weight, old in zip(model.trainable_weights, before, strict=True)
        ]
        assert all(np.isfinite(step).all() for step in steps)
        assert np.any(steps[0])

    @pytest.mark.parametrize("shape", [(8, 8, 1), (9, 200, 1), (128, 128, 3)])
    def test_every_draw_builds_at_a_reasonable_size(self, space, shape):
        task = make_task(shape)
        for candidate in draw(space, task, 2, seed=sum(shape)):
            model = build(space, candidate, task)
            assert model.output_shape == (None, 10)
            assert model.count_params() < 30_000_000

    def test_the_network_follows_from_the_model_alone(self, space):
        candidate = draw_baselines(space, make_task())[0]
        few = make_task(pictures=100)
        networks = [build(space, candidate, task).get_config() for task in (make_task(), few)]
        assert networks[0] == networks[1]

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
