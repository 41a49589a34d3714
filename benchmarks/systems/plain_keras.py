"""One candidate trained by plain Keras, as a careful engineer writes it: build, compile, fit.

Loaded only in the processes of the systems that are compared, each of which needs Keras at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from imgcls_search_spaces.cnn_small import CnnSmall
from keras import ops
from measure.pictures import describe_task, load_split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measure.pictures import PictureFiles

    from imgcls_automl.plugin import Candidate, ImageTask, Training

EVALUATION_BATCH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """Pictures in memory: float32 (N, H, W, C) in [0, 1], labels int32 (N,)."""

    task: ImageTask
    x: np.ndarray
    y: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Linear up over a quarter of the steps, linear down over the rest, both from and to a thousandth."""

    def __init__(self, peak: float, steps: int) -> None:
        self.peak = peak
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        share = ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)
        fall = ops.minimum(share / 0.25, (1.0 - share) / 0.75)
        return self.peak * (1e-3 + (1.0 - 1e-3) * fall)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "steps": self.steps}


class Flip(keras.layers.Layer):  # type: ignore[misc]
    """Mirrors every other training picture (N, H, W, C) left to right."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds = keras.random.SeedGenerator()

    def call(self, images: Any, training: bool = False) -> Any:
        if not training:
            return images
        chosen = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), seed=self.seeds) < 0.5
        return ops.where(chosen, ops.flip(images, axis=2), images)


def load_arrays(files: PictureFiles) -> Arrays:
    """Open the training and validation splits as a script does: as float32, in memory."""
    x, y = load_split(files, "train")
    x_validation, y_validation = load_split(files, "validation")
    return Arrays(
        task=describe_task(files),
        x=scale(x),
        y=y,
        x_validation=scale(x_validation),
        y_validation=y_validation,
    )


def scale(images: np.ndarray) -> np.ndarray:
    """Pixels 0-255 as float32 in [0, 1]."""
    return images.astype("float32") / np.float32(255.0)


def compile_plainly(candidate: Candidate, arrays: Arrays, *, epochs: int) -> keras.Model:
    """Build a candidate's network in the current dtype policy and compile it with its recipe.

    Args:
        candidate: Of the space cnn_small.
        arrays: Give the schedule's length.
        epochs: Likewise.
    """
    network = CnnSmall().build(candidate.model, arrays.task)
    images = x = keras.Input(arrays.task.image_shape)
    if candidate.training.augmentation.horizontal_flip:
        # Keras's own layer runs on other backends only where TensorFlow is installed too.
        on_tensorflow = keras.backend.backend() == "tensorflow"
        x = keras.layers.RandomFlip("horizontal")(x) if on_tensorflow else Flip()(x)
    logits = keras.layers.Activation("linear", dtype="float32")(network(x))
    model = keras.Model(images, logits)
    steps = math.ceil(len(arrays.y) / candidate.training.batch_size) * epochs
    smoothed = candidate.training.label_smoothing > 0
    model.compile(
        optimizer=_make_optimizer(candidate.training, steps),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=candidate.training.label_smoothing
        )
        if smoothed
        else keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        # XLA costs TensorFlow most of its speed on a CPU; elsewhere Keras knows best.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    return model


def fit_plainly(
    model: keras.Model,
    candidate: Candidate,
    arrays: Arrays,
    *,
    epochs: int,
    initial_epoch: int = 0,
    callbacks: Sequence[Any] = (),
) -> Any:
    """Train a compiled model and validate each epoch; returns Keras's history."""
    y, y_validation = arrays.y, arrays.y_validation
    if candidate.training.label_smoothing > 0:
        one_hot = np.eye(arrays.task.num_classes, dtype="float32")
        y, y_validation = one_hot[y], one_hot[y_validation]
    return model.fit(
        arrays.x,
        y,
        batch_size=candidate.training.batch_size,
        epochs=epochs,
        initial_epoch=initial_epoch,
        validation_data=(arrays.x_validation, y_validation),
        validation_batch_size=EVALUATION_BATCH,
        callbacks=list(callbacks),
        verbose=0,
    )


def set_precision(precision: str) -> str:
    """Set the dtype policy: a policy's name, or `"auto"` for what imgcls-automl would choose here."""
    if precision == "auto":
        from imgcls_automl.training.backend import load_backend

        precision = load_backend("auto").precisions[0]
    keras.config.set_dtype_policy(precision)
    return precision


def _make_optimizer(training: Training, steps: int) -> keras.optimizers.Optimizer:
    rate = OneCycle(training.learning_rate, steps)
    if training.optimizer == "sgd":
        return keras.optimizers.SGD(
            rate, momentum=0.9, nesterov=True, weight_decay=training.weight_decay
        )
    if training.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    return keras.optimizers.AdamW(rate, weight_decay=training.weight_decay)
