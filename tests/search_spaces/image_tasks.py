"""Tasks for search spaces, and candidates drawn for them."""

from __future__ import annotations

import optuna
from optuna.trial import FixedTrial

from imgcls_automl.plugin import ImageTask


def make_task(shape=(28, 28, 1), classes=10, pictures=48_000):
    names = tuple(f"class {index:04}" for index in range(classes))
    return ImageTask(
        image_shape=shape, class_names=names, class_counts=(pictures // classes,) * classes
    )


def draw(space, task, count, seed=0):
    """Candidates at random parameters."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [space.suggest(study.ask(), task) for _ in range(count)]


def draw_baselines(space, task):
    """A candidate for each of a space's baselines, in its order."""
    return [space.suggest(FixedTrial(dict(params)), task) for params in space.baselines(task)]


def build(space, candidate, task):
    """The network of a candidate, with names that start afresh."""
    import keras

    keras.backend.clear_session()
    return space.build(candidate.model, task)
