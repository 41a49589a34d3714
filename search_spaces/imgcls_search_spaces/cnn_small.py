"""Small convolutional networks, trained from scratch in minutes.

A candidate is one to four blocks, each a padded convolution, 2x2 max pooling, batch normalisation
(or none), ReLU and dropout, then one dense layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Candidate
from imgcls_search_spaces._layers import classify_flattened, convolve, drop
from imgcls_search_spaces._recipes import largest_batch_size_log2, suggest_training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import optuna

    from imgcls_automl.plugin import ImageTask

MAX_BLOCKS = 4


class CnnSmall:
    """The space `cnn_small`: 1-4 convolution blocks and a dense layer, from 8x8 pictures up."""

    api_version = 1

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        """Draw a network and its training.

        Ordered values are integers, so that the sampler learns from neighbours: filters and units
        in steps that suit the hardware. A block's parameters are drawn only where it exists.
        """
        return Candidate(model=_suggest_model(trial), training=suggest_training(trial, task))

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        """Build float32 images (N, H, W, C) in [0, 1] -> logits (N, num_classes)."""
        import keras

        images = keras.Input(shape=task.image_shape)
        x = images
        for block in range(1, model["blocks"] + 1):
            x = convolve(
                x,
                model[f"filters_{block}"],
                kernel_size=model["kernel_size"],
                batch_norm=model["batch_norm"],
            )
            x = drop(x, model[f"dropout_{block}"])
        logits = classify_flattened(
            x, units=model["dense_units"], dropout=model["dense_dropout"], classes=task.num_classes
        )
        return keras.Model(images, logits, name="cnn_small")

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        """A start known to be good, then the network that many Fashion-MNIST tutorials publish."""
        blocks = {"blocks": 3, "filters_1": 32, "filters_2": 64, "filters_3": 128, "kernel_size": 3}
        dense = {"dense_units": 128, "dense_dropout": 0.3}
        batch = {"batch_size_log2": min(7, largest_batch_size_log2(task)), "label_smoothing": 0.0}
        known_good = {
            **{"batch_norm": True, "dropout_1": 0.0, "dropout_2": 0.1, "dropout_3": 0.2},
            **{"optimizer": "adamw", "learning_rate": 4e-3, "weight_decay": 1e-2},
            "horizontal_flip": True,
        }
        published = {
            **{"batch_norm": False, "dropout_1": 0.25, "dropout_2": 0.25, "dropout_3": 0.4},
            **{"optimizer": "adam", "learning_rate": 1e-3},
            "horizontal_flip": False,
        }
        return [blocks | dense | batch | known_good, blocks | dense | batch | published]


def _suggest_model(trial: optuna.trial.BaseTrial) -> dict[str, bool | int | float | str]:
    blocks = trial.suggest_int("blocks", 1, MAX_BLOCKS)
    model: dict[str, bool | int | float | str] = {
        "blocks": blocks,
        "kernel_size": trial.suggest_int("kernel_size", 3, 5, step=2),
        "batch_norm": trial.suggest_categorical("batch_norm", [True, False]),
        "dense_units": trial.suggest_int("dense_units", 64, 256, step=32),
        "dense_dropout": trial.suggest_float("dense_dropout", 0.0, 0.5),
    }
    for block in range(1, blocks + 1):
        filters, dropout = f"filters_{block}", f"dropout_{block}"
        model[filters] = trial.suggest_int(filters, 16, 128, step=16)
        model[dropout] = trial.suggest_float(dropout, 0.0, 0.5)
    return model
