"""How candidates of every first-party space are trained: batch size, optimizer, rates, augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.plugin import Augmentation, Training

if TYPE_CHECKING:
    import optuna

    from imgcls_automl.plugin import ImageTask

BATCH_SIZE_LOG2 = (5, 9)  # 32 to 512 pictures

# An epoch keeps at least this many steps where it can, so that few pictures still train a network.
MIN_STEPS_PER_EPOCH = 8
# A first block of 128 filters holds 512 bytes a pixel: this many pixels in a batch make 1 GiB.
MAX_BATCH_PIXELS = 2**21

# The highest strength of each change that a space may search, and its step. Steps, because a strength of exactly
# 0 switches a change off, which has to be more than a point in a range.
STRENGTHS = {
    "rotation": (0.1, 0.02),
    "zoom": (0.3, 0.05),
    "translation": (0.2, 0.05),
    "erasing": (0.5, 0.1),
    "mixup": (0.4, 0.1),
}

# Fewer photos than this are learned by heart unless they are changed each time they are shown.
FEW_PHOTOS = 2_000
# Smaller pictures are no photos but digits, icons and the like, which a turn or a shift may make into another class.
SMALLEST_PHOTO_SIDE = 32  # pixels
# A start where photos are few: about twice what is gentle. Seen on one set only, brain scans of 64x64: over six splits
# the least accurate network gained, the mean by no more than chance may give.
FEW_PHOTOS_MIX = {"rotation": 0.04, "zoom": 0.15, "translation": 0.1, "erasing": 0.2, "mixup": 0.2}


def suggest_training(trial: optuna.trial.BaseTrial, task: ImageTask, *changes: str) -> Training:
    """Draw how a candidate is trained.

    Batch sizes are drawn as powers of two, so that the sampler learns from neighbours, and a weight
    decay only for AdamW, which is what tells it from Adam. SGD is left out: its good rates lie ten
    times higher, and one range for all would waste many trials.

    Args:
        trial: Draws.
        task: Limits the batch size.
        changes: Names in `STRENGTHS`: what is searched of augmentation beside flips.
    """
    low, high = BATCH_SIZE_LOG2[0], largest_batch_size_log2(task)
    optimizer = trial.suggest_categorical("optimizer", ["adamw", "adam"])
    decays = optimizer == "adamw"
    return Training(
        batch_size=2 ** trial.suggest_int("batch_size_log2", low, high),
        optimizer=optimizer,
        learning_rate=trial.suggest_float("learning_rate", 3e-4, 2e-2, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True) if decays else 0.0,
        label_smoothing=trial.suggest_float("label_smoothing", 0.0, 0.2),
        augmentation=_suggest_augmentation(trial, changes),
    )


def has_few_photos(task: ImageTask) -> bool:
    """Whether there are too few pictures to train a network on them unchanged, and they are photos by their size."""
    return task.train_size < FEW_PHOTOS and min(task.image_shape[:2]) >= SMALLEST_PHOTO_SIDE


def largest_batch_size_log2(task: ImageTask) -> int:
    """The largest batch that leaves an epoch enough steps and a step enough memory, as a power of two."""
    height, width, _ = task.image_shape
    largest = min(task.train_size // MIN_STEPS_PER_EPOCH, MAX_BATCH_PIXELS // (height * width))
    low, high = BATCH_SIZE_LOG2
    return min(max(largest.bit_length() - 1, low), high)


def _suggest_augmentation(trial: optuna.trial.BaseTrial, changes: tuple[str, ...]) -> Augmentation:
    flip = trial.suggest_categorical("horizontal_flip", [True, False])
    strengths = {}
    for name in changes:
        highest, step = STRENGTHS[name]
        strengths[name] = trial.suggest_float(name, 0.0, highest, step=step)
    return Augmentation(horizontal_flip=flip, **strengths)
