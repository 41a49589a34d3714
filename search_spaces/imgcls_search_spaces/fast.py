"""Small networks and a recipe for the fewest seconds to a good accuracy.

After ResNet-9 (Page, 2018, https://myrtle.ai/learn/how-to-train-your-resnet/) and airbench94 (Jordan, 2024,
arXiv:2404.00498), cut to what a processor of two cores computes quickly: a fixed first layer that whitens patches and
shrinks the picture at once, then a convolution a block, wide while the picture is small. Made for two to four epochs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Candidate
from imgcls_search_spaces._layers import MOMENTUM, drop, halve, is_halvable
from imgcls_search_spaces._recipes import largest_batch_size_log2, suggest_training
from imgcls_search_spaces._whitening import fit_whitening, whiten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import numpy as np
    import optuna

    from imgcls_automl.plugin import ImageTask

# The first block works on about this many pixels a side, whatever the picture's size: its cost is most of the whole.
FIRST_SIDE = 14
LARGEST_STRIDE = 8
MAX_FLATTENED_SIDE = 4  # pixels: what the last layer sees


class Fast:
    """The space `fast`: 2-3 convolutions on whitened patches, from 8x8 pictures up; give it few epochs."""

    api_version = 1

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        """Draw a network and its training."""
        return Candidate(model=_suggest_model(trial), training=suggest_training(trial, task))

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        """Build float32 images (N, H, W, C) in [0, 1] -> logits (N, num_classes)."""
        import keras
        from keras import layers

        images = keras.Input(shape=task.image_shape)
        strides = min(LARGEST_STRIDE, max(1, min(task.image_shape[:2]) // FIRST_SIDE))
        x = whiten(images, max(model["patch"], strides), strides)
        x = layers.Activation(model["activation"])(x)
        for block in range(1, model["blocks"] + 1):
            x = _convolve(x, model[f"width_{block}"], model["activation"])
        while max(x.shape[1:3]) > MAX_FLATTENED_SIDE and is_halvable(x):
            x = halve(x)
        x = drop(layers.Flatten()(x), model["dropout"])
        return keras.Model(images, layers.Dense(task.num_classes)(x), name="fast")

    def initialise(self, model: keras.Model, images: np.ndarray) -> None:
        """Take the first layer's filters from the training pictures."""
        fit_whitening(model, images)

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        """The quickest to 0.91 on Fashion-MNIST, then a wider one that goes further in a few epochs more."""
        recipe = {
            **{"blocks": 2, "patch": 3, "activation": "relu"},
            **{"optimizer": "adamw", "learning_rate": 5e-3, "weight_decay": 1e-2},
            **{"batch_size_log2": min(7, largest_batch_size_log2(task)), "horizontal_flip": True},
        }
        quick = {"width_1": 64, "width_2": 128, "dropout": 0.0, "label_smoothing": 0.0}
        wide = {"width_1": 96, "width_2": 192, "dropout": 0.1, "label_smoothing": 0.1}
        return [recipe | quick, recipe | wide]


def _suggest_model(trial: optuna.trial.BaseTrial) -> dict[str, bool | int | float | str]:
    blocks = trial.suggest_int("blocks", 2, 3)
    model: dict[str, bool | int | float | str] = {
        "blocks": blocks,
        "patch": trial.suggest_int("patch", 2, 4),
        "activation": trial.suggest_categorical("activation", ["relu", "celu", "gelu"]),
        "dropout": trial.suggest_float("dropout", 0.0, 0.4),
    }
    for block in range(1, blocks + 1):
        name = f"width_{block}"
        model[name] = trial.suggest_int(name, 32, 96 * block, step=16)
    return model


def _convolve(x: Any, width: int, activation: str) -> Any:
    """Convolution, pooling, normalisation, activation: pooling first, as in `_layers.convolve`."""
    from keras import layers

    x = halve(layers.Conv2D(width, 3, padding="same", use_bias=False)(x))
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    return layers.Activation(activation)(x)
