"""Networks of keras.applications with weights learned elsewhere, and a new last layer for the classes at hand.

First the last layer alone is trained on what the frozen network sees, then all of it at a tenth of the rate
(Kornblith, Shlens and Le, 2019, arXiv:1805.08974, compare the two).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Candidate, PluginError
from imgcls_search_spaces._backbones import (
    BACKBONES,
    IMAGENET,
    SMALLEST_SIDE,
    build_backbone,
    check_weights,
    load_weights,
)
from imgcls_search_spaces._layers import drop
from imgcls_search_spaces._recipes import largest_batch_size_log2, suggest_training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import numpy as np
    import optuna

    from imgcls_automl.plugin import ImageTask

# pixels: pictures whose shorter side is less than one of these, drawn, are enlarged to it.
SIDES = (32, 128)
SIDE_STEP = 32
MAX_FROZEN_EPOCHS = 3
# These networks hold about four times the values for a pixel that `_recipes` reckons with: twice a side.
_MEMORY = 2
_RGB = 3


class Transfer:
    """The space `transfer`: pretrained networks of keras.applications, frozen first, then fine-tuned.

    Nothing is downloaded unless `weights=imagenet` asks for it. Without weights the same networks are trained
    from scratch, which takes many more pictures and epochs.

    Args:
        weights: A file of weights of one network, `"imagenet"` to download those of each that is tried, or `"none"`.
        backbone: The only network to try: MobileNetV3Small, MobileNetV2, EfficientNetV2B0 or ResNet50V2.

    Raises:
        PluginError: There is no such network or file, or a file comes without the name of its network.
    """

    api_version = 1

    def __init__(self, weights: str = "none", backbone: str | None = None) -> None:
        if backbone is not None and backbone not in BACKBONES:
            raise PluginError(
                f"--space-option backbone must be one of {', '.join(BACKBONES)}, but got {backbone!r}."
            )
        self._weights = None if weights == "none" else weights
        if self._weights is not None:
            check_weights(self._weights)
            if backbone is None and self._weights != IMAGENET:
                raise PluginError(
                    f"{self._weights!r} holds the weights of one network, but of which?\n"
                    f"Say it: --space-option backbone=NAME, one of {', '.join(BACKBONES)}"
                )
        self._names = list(BACKBONES) if backbone is None else [backbone]

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        """Draw a network, how far small pictures are enlarged, and the training."""
        side = trial.suggest_int("side", *SIDES, step=SIDE_STEP)
        model: dict[str, bool | int | float | str] = {
            "backbone": trial.suggest_categorical("backbone", self._names),
            "side": side,
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "frozen": self._weights is not None,
        }
        training = suggest_training(trial, _enlarged(task, side))
        if self._weights is not None:
            # With 0 the network stays as it is: features, and one layer on top.
            frozen_epochs = trial.suggest_int("frozen_epochs", 0, MAX_FROZEN_EPOCHS)
            training = replace(training, frozen_epochs=frozen_epochs)
        return Candidate(model=model, training=training)

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        """Build float32 images (N, H, W, C) in [0, 1] -> logits (N, num_classes), its backbone frozen or not."""
        import keras
        from keras import layers

        images = keras.Input(shape=task.image_shape)
        height, width = _enlarge(task.image_shape, model["side"])
        x: Any = images
        if (height, width) != task.image_shape[:2]:
            x = layers.Resizing(height, width)(x)
        x = _as_rgb(x)
        backbone = BACKBONES[model["backbone"]]
        x = layers.Rescaling(backbone.scale, backbone.offset)(x)
        network = build_backbone(model["backbone"], (height, width, _RGB))
        network.trainable = not model["frozen"]
        x = layers.GlobalAveragePooling2D()(network(x))
        logits = layers.Dense(task.num_classes)(drop(x, model["dropout"]))
        return keras.Model(images, logits, name=f"transfer_{model['backbone']}")

    def initialise(self, model: keras.Model, images: np.ndarray) -> None:
        """Load the pretrained weights, where there are any.

        Raises:
            PluginError: They do not fit, or cannot be downloaded.
        """
        if self._weights is not None:
            load_weights(model, model.name.removeprefix("transfer_"), self._weights)

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        """The smallest network, pictures enlarged to 64 pixels a side; then to 96."""
        recipe: dict[str, Any] = {
            **{"side": 64, "dropout": 0.2, "label_smoothing": 0.1, "horizontal_flip": True},
            **{"optimizer": "adamw", "learning_rate": 3e-3, "weight_decay": 1e-2},
            "batch_size_log2": min(6, largest_batch_size_log2(_enlarged(task, 96))),
        }
        if self._weights is not None:
            recipe["frozen_epochs"] = 1
        return [
            recipe | {"backbone": self._names[0]},
            recipe | {"backbone": self._names[0], "side": 96},
        ]


def _enlarge(shape: tuple[int, int, int], side: int) -> tuple[int, int]:
    """Height and width of pictures whose shorter side is `side` or more, their shape kept."""
    height, width, _ = shape
    factor = max(1.0, max(side, SMALLEST_SIDE) / min(height, width))
    return math.ceil(height * factor), math.ceil(width * factor)


def _enlarged(task: ImageTask, side: int) -> ImageTask:
    """The task with pictures as large as their memory is to these networks, which limits the batch."""
    height, width = _enlarge(task.image_shape, side)
    return replace(task, image_shape=(_MEMORY * height, _MEMORY * width, _RGB))


def _as_rgb(x: Any) -> Any:
    """Grey pictures three times over; of other numbers of channels, three mixtures that are learned."""
    from keras import layers

    channels = x.shape[-1]
    if channels == 1:
        return layers.Concatenate()([x, x, x])
    return x if channels == _RGB else layers.Conv2D(_RGB, 1, name="to_rgb")(x)
