"""What a space's augmentation does to pictures, for people to see: the very layer that training uses."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import keras
import numpy as np
import optuna

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.results import PreviewResult
from imgcls_automl.files import replacing
from imgcls_automl.plugin import HasBaselines
from imgcls_automl.text import describe_error, describe_frame
from imgcls_automl.training.augment import Augment
from imgcls_automl.training.own_fit import HasOwnFit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_automl.executors.tasks import PreviewTask
    from imgcls_automl.plugin import Augmentation
    from imgcls_automl.training.bench import Bench

DRAWS = 64  # random ones, beside the baselines


def preview(task: PreviewTask, bench: Bench) -> PreviewResult:
    """Change pictures by the strongest augmentation that the space comes to, and write them.

    Strongest is what makes the most kinds of changes, and of those the strongest: a picture that can still be told
    after them can be told after any.

    Raises:
        BrokenPluginError: The space's `suggest` or `baselines` fails.
    """
    augmentation = max(_list_augmentations(bench, task.seed), key=_rate)
    pixels = np.asarray(bench.pictures.images[list(task.places)])
    keras.utils.set_random_seed(task.seed)
    changed = change_pictures(pixels, augmentation, task.variants)
    with replacing(task.file) as path, path.open("wb") as file:
        np.save(file, changed)
    strengths = {name: value for name, value in asdict(augmentation).items() if value}
    return PreviewResult(strengths=strengths)


def _list_augmentations(bench: Bench, seed: int) -> Iterator[Augmentation]:
    space, task = bench.space, bench.pictures.task
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    try:
        baselines = space.baselines(task) if isinstance(space, HasBaselines) else ()
        trials = [optuna.trial.FixedTrial(dict(point)) for point in baselines]
        # A space with its own way to train takes a build a draw, and its pictures are changed by none of ours.
        draws = 1 if isinstance(space, HasOwnFit) else DRAWS
        for trial in (*trials, *(study.ask() for _ in range(draws))):
            try:
                yield space.suggest(trial, task).training.augmentation
            except optuna.TrialPruned:  # a point that the space finds infeasible
                continue
    except Exception as error:
        raise BrokenPluginError(
            f"The search space's baselines() or suggest() failed: {describe_error(error)}.\n"
            f"This is for its author to mend; it happened in {describe_frame(error)}."
        ) from error


def _rate(augmentation: Augmentation) -> tuple[int, float]:
    strengths = [float(value) for value in asdict(augmentation).values()]
    return sum(strength > 0 for strength in strengths), sum(strengths)


def change_pictures(pixels: np.ndarray, augmentation: Augmentation, variants: int) -> np.ndarray:
    """Change uint8 (P, H, W, C) in as many ways; returns uint8 (V, P, H, W, C)."""
    layer = Augment(augmentation)
    layer.set_strengths(augmentation)
    images = keras.ops.convert_to_tensor(pixels.astype("float32") / 255.0)
    batches = []
    for _ in range(variants):
        changed = layer(images)
        if "mixup" in layer.enabled:
            changed, _shares = layer.mix(changed)
        batches.append(keras.ops.convert_to_numpy(changed))
    stacked = np.stack(batches) if batches else np.zeros((0, *pixels.shape))
    return (stacked.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)
