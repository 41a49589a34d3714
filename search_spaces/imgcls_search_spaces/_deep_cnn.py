"""The family of networks for photos that `cnn_deep` and `cnn_augmented` search: three to five blocks.

A block is one or two padded convolutions, 2x2 max pooling while two pixels a side are left, batch
normalisation (or none), ReLU and dropout. One dense layer follows the last block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_search_spaces._layers import classify_flattened, convolve, drop
from imgcls_search_spaces._recipes import largest_batch_size_log2

if TYPE_CHECKING:
    from collections.abc import Mapping

    import keras
    import optuna

    from imgcls_automl.plugin import ImageTask

BLOCKS = (3, 5)
# (fewest, most) filters of each block, in steps of the fewest: a block works on a quarter of the pixels of the one
# before, and more filters than these would make the first blocks take nearly all of the time.
FILTERS = ((16, 64), (32, 128), (64, 256), (128, 512), (128, 512))

_PUBLISHED_NETWORK = {
    **{"blocks": 4, "filters_1": 32, "filters_2": 64, "filters_3": 128, "filters_4": 256},
    **{"kernel_size": 3, "convolutions": 1, "dense_units": 256, "dense_dropout": 0.4},
}


def suggest_network(trial: optuna.trial.BaseTrial) -> dict[str, bool | int | float | str]:
    """Draw a `Candidate.model`. A block's filters are drawn only where it exists."""
    blocks = trial.suggest_int("blocks", *BLOCKS)
    model: dict[str, bool | int | float | str] = {
        "blocks": blocks,
        "convolutions": trial.suggest_int("convolutions", 1, 2),
        "kernel_size": trial.suggest_int("kernel_size", 3, 5, step=2),
        "batch_norm": trial.suggest_categorical("batch_norm", [True, False]),
        "block_dropout": trial.suggest_float("block_dropout", 0.0, 0.4),
        "dense_units": trial.suggest_int("dense_units", 64, 512, step=64),
        "dense_dropout": trial.suggest_float("dense_dropout", 0.0, 0.6),
    }
    for block, (fewest, most) in enumerate(FILTERS[:blocks], start=1):
        name = f"filters_{block}"
        model[name] = trial.suggest_int(name, fewest, most, step=fewest)
    return model


def build_network(model: Mapping[str, Any], task: ImageTask, *, name: str) -> keras.Model:
    """Build float32 images (N, H, W, C) in [0, 1] -> logits (N, num_classes)."""
    import keras

    images = keras.Input(shape=task.image_shape)
    x = images
    for block in range(1, model["blocks"] + 1):
        x = drop(_apply_block(x, model, block), model["block_dropout"])
    logits = classify_flattened(
        x, units=model["dense_units"], dropout=model["dense_dropout"], classes=task.num_classes
    )
    return keras.Model(images, logits, name=name)


def published_baseline(task: ImageTask) -> dict[str, Any]:
    """Convolutions 32, 64, 128, 256, dense 256, dropout 0.4: what many tutorials train on 64x64 photos."""
    return {
        **_PUBLISHED_NETWORK,
        **{"batch_norm": False, "block_dropout": 0.0, "label_smoothing": 0.0},
        **{"optimizer": "adam", "learning_rate": 1e-3, "horizontal_flip": False},
        "batch_size_log2": min(5, largest_batch_size_log2(task)),
    }


def normalised_baseline(task: ImageTask) -> dict[str, Any]:
    """The published network with batch normalisation, AdamW and flips."""
    return {
        **_PUBLISHED_NETWORK,
        **{"batch_norm": True, "block_dropout": 0.1, "label_smoothing": 0.1},
        **{"optimizer": "adamw", "learning_rate": 3e-3, "weight_decay": 0.05},
        **{"horizontal_flip": True, "batch_size_log2": min(6, largest_batch_size_log2(task))},
    }


def _apply_block(x: Any, model: Mapping[str, Any], block: int) -> Any:
    filters = model[f"filters_{block}"]
    kinds = {"kernel_size": model["kernel_size"], "batch_norm": model["batch_norm"]}
    # The first block, at full size, stays a single convolution: a second would cost the most memory of all layers.
    for _ in range(1, model["convolutions"] if block > 1 else 1):
        x = convolve(x, filters, pool=False, **kinds)
    return convolve(x, filters, **kinds)
