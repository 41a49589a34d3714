"""Small convolutional networks, trained from scratch in minutes.

A candidate is one to four blocks, each a padded convolution, 2x2 max pooling, batch normalisation
(or none), ReLU and dropout, then one dense layer. Pooling comes before normalisation and ReLU, so
that every later step works on a quarter of the values (without normalisation the result is the
same either way: pooling and ReLU commute).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Augmentation, Candidate, Training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import optuna

    from imgcls_automl.plugin import ImageTask

MAX_BLOCKS = 4
BATCH_SIZE_LOG2 = (5, 9)  # 32 to 512 pictures

# An epoch keeps at least this many steps where it can, so that few pictures still train a network.
MIN_STEPS_PER_EPOCH = 8
# A first block of 128 filters holds 512 bytes a pixel: this many pixels in a batch make 1 GiB.
MAX_BATCH_PIXELS = 2**21
# More values than this are averaged down first: the dense layer then has 2 million weights at most.
MAX_FLATTENED = 8192


class CnnSmall:
    """The space `cnn_small`: 1-4 convolution blocks and a dense layer, from 8x8 pictures up."""

    api_version = 1

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        """Draw a network and its training.

        Ordered values are integers, so that the sampler learns from neighbours: filters and units
        in steps that suit the hardware, batch sizes as powers of two. A block's parameters are
        drawn only where it exists, and a weight decay only for AdamW, which is what tells it from
        Adam. SGD is left out: its good rates lie ten times higher, and one range for all would
        waste many trials.
        """
        return Candidate(model=_suggest_model(trial), training=_suggest_training(trial, task))

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        """Build float32 images (N, H, W, C) in [0, 1] -> logits (N, num_classes)."""
        import keras

        images = keras.Input(shape=task.image_shape)
        x = images
        for block in range(1, model["blocks"] + 1):
            x = _apply_block(x, model, block)
        x = keras.layers.Flatten()(_shrink(x))
        x = keras.layers.Dense(model["dense_units"], activation="relu")(x)
        x = _apply_dropout(x, model["dense_dropout"])
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x), name="cnn_small")

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        """A start known to be good, then the network that many Fashion-MNIST tutorials publish."""
        blocks = {"blocks": 3, "filters_1": 32, "filters_2": 64, "filters_3": 128, "kernel_size": 3}
        dense = {"dense_units": 128, "dense_dropout": 0.3}
        batch = {"batch_size_log2": min(7, _largest_batch_size_log2(task)), "label_smoothing": 0.0}
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


def _suggest_training(trial: optuna.trial.BaseTrial, task: ImageTask) -> Training:
    low, high = BATCH_SIZE_LOG2[0], _largest_batch_size_log2(task)
    optimizer = trial.suggest_categorical("optimizer", ["adamw", "adam"])
    decays = optimizer == "adamw"
    return Training(
        batch_size=2 ** trial.suggest_int("batch_size_log2", low, high),
        optimizer=optimizer,
        learning_rate=trial.suggest_float("learning_rate", 3e-4, 2e-2, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True) if decays else 0.0,
        label_smoothing=trial.suggest_float("label_smoothing", 0.0, 0.2),
        augmentation=Augmentation(
            horizontal_flip=trial.suggest_categorical("horizontal_flip", [True, False])
        ),
    )


def _largest_batch_size_log2(task: ImageTask) -> int:
    height, width, _ = task.image_shape
    largest = min(task.train_size // MIN_STEPS_PER_EPOCH, MAX_BATCH_PIXELS // (height * width))
    low, high = BATCH_SIZE_LOG2
    return min(max(largest.bit_length() - 1, low), high)


def _apply_block(x: Any, model: Mapping[str, Any], block: int) -> Any:
    from keras import layers

    normalised = model["batch_norm"]
    filters, kernel_size = model[f"filters_{block}"], model["kernel_size"]
    # Batch normalisation brings a bias of its own.
    x = layers.Conv2D(filters, kernel_size, padding="same", use_bias=not normalised)(x)
    if min(x.shape[1:3]) >= 4:  # a side never falls under 2 here
        x = layers.MaxPooling2D(2)(x)
    if normalised:
        x = layers.BatchNormalization(momentum=0.9)(x)
    return _apply_dropout(layers.ReLU()(x), model[f"dropout_{block}"])


def _apply_dropout(x: Any, rate: float) -> Any:
    from keras import layers

    return layers.Dropout(rate)(x) if rate > 0.0 else x


def _shrink(x: Any) -> Any:
    """Average neighbours until at most `MAX_FLATTENED` values are left for the dense layer."""
    from keras import layers

    while x.shape[1] * x.shape[2] * x.shape[3] > MAX_FLATTENED:
        x = layers.AveragePooling2D((min(2, x.shape[1]), min(2, x.shape[2])))(x)
    return x
