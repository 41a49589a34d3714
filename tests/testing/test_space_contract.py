"""The contract of search spaces finds what is wrong, and says what to change."""

from __future__ import annotations

import random

import numpy as np
import pytest

from imgcls_automl.plugin import Candidate
from imgcls_automl.testing import SearchSpaceContract
from imgcls_automl.testing.promises import BrokenPromiseError


class Good:
    """A dense layer."""

    def suggest(self, trial, task):
        return Candidate(model={"units": trial.suggest_int("units", 4, 8)})

    def build(self, model, task):
        import keras

        images = keras.Input(task.image_shape)
        x = keras.layers.Dense(model["units"], "relu")(keras.layers.Flatten()(images))
        return keras.Model(images, self.end(keras, x, task.num_classes))

    def end(self, keras, x, classes):
        return keras.layers.Dense(classes)(x)


class DrawsElsewhere(Good):
    def suggest(self, trial, task):
        return Candidate(model={"units": random.randint(1, 10_000)})


class LooksAtTheTrial(Good):
    def suggest(self, trial, task):
        trial.set_user_attr("seen", True)
        return super().suggest(trial, task)


class GivesADict(Good):
    def suggest(self, trial, task):
        return {"units": 4}


class HasNan(Good):
    def suggest(self, trial, task):
        return Candidate(model={"units": float("nan")})


class ForgetsAParameter(Good):
    def baselines(self, task):
        return [{}]


class NamesAnother(Good):
    def baselines(self, task):
        return [{"units": 4, "width": 3}]


class IsOutOfRange(Good):
    def baselines(self, task):
        return [{"units": 400}]


class GivesSigmoids(Good):
    def end(self, keras, x, classes):
        return keras.layers.Dense(classes, activation="sigmoid")(x)


class ForgetsTheClasses(Good):
    def end(self, keras, x, classes):
        return keras.layers.Dense(10)(x)


class NeedsLargePictures(Good):
    def build(self, model, task):
        if task.image_shape[0] < 28:
            raise ValueError("too small")
        return super().build(model, task)


class GrowsByChance(Good):
    sizes = iter(range(4, 1000))

    def build(self, model, task):
        return super().build({"units": next(self.sizes)}, task)


class SetsAPolicy(Good):
    def build(self, model, task):
        import keras

        keras.config.set_dtype_policy("mixed_bfloat16")
        return super().build(model, task)


class SpoilsPictures(Good):
    def initialise(self, model, images):
        images[:] = 0


class SpoilsWeights(Good):
    def initialise(self, model, images):
        for weight in model.weights:
            weight.assign(np.full(weight.shape, np.nan))


def check(space, promise):
    getattr(SearchSpaceContract(), f"test_{promise}")(space())


@pytest.mark.parametrize(
    ("space", "promise", "says"),
    [
        (DrawsElsewhere, "the_same_parameters_give_the_same_candidate", "no random module"),
        (DrawsElsewhere, "the_same_seed_draws_the_same", "drew different candidates"),
        (LooksAtTheTrial, "a_candidate_is_json", r"it called trial\.set_user_attr\(\)"),
        (GivesADict, "a_candidate_is_json", "suggest.. returned a dict"),
        (HasNan, "a_candidate_is_json", "not JSON compliant"),
        (ForgetsAParameter, "baselines_are_complete", r"draws \['units'\] beyond"),
        (NamesAnother, "baselines_are_complete", r"never asks for \['width'\]"),
        (IsOutOfRange, "baselines_are_complete", "Keep each value in the range"),
    ],
)
def test_a_broken_suggest_is_told_what_was_seen(space, promise, says):
    with pytest.raises(BrokenPromiseError, match=says):
        check(space, promise)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("space", "promise", "says"),
    [
        (GivesSigmoids, "it_gives_logits", r"probabilities, such as \[0\.\d+.*\n.*without softmax"),
        (ForgetsTheClasses, "it_builds_at_every_shape", r"gives \(None, 10\)\.\nGive \(None, 2\)"),
        (NeedsLargePictures, "it_builds_at_every_shape", r"\(8, 8, 1\), 2 classes raised ValueErr"),
        (GrowsByChance, "the_same_model_gives_the_same_network", "other layers the second time"),
        (SetsAPolicy, "it_sets_no_dtype_policy", "from float32 to mixed_bfloat16"),
        (SpoilsPictures, "initialise_sets_usable_weights", "changed pictures"),
        (SpoilsWeights, "initialise_sets_usable_weights", "NaN or infinite outputs"),
    ],
)
def test_a_broken_network_is_told_what_was_seen(space, promise, says):
    with pytest.raises(BrokenPromiseError, match=says):
        check(space, promise)


def test_a_module_that_imports_keras_is_told(tmp_path, monkeypatch):
    (tmp_path / "heavy_space.py").write_text("import sys, types\nsys.modules['keras'] = types\n")
    monkeypatch.syspath_prepend(tmp_path)
    heavy = type("Heavy", (Good,), {"__module__": "heavy_space"})
    with pytest.raises(BrokenPromiseError, match="Importing heavy_space imports keras too"):
        check(heavy, "its_module_imports_no_framework")


class TestPassing(SearchSpaceContract):
    """What a space needs not have (baselines, initialise) is no promise broken."""

    @pytest.fixture
    def space(self):
        return Good()
