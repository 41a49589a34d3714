"""A HyperModel written by hand for KerasTuner: two kinds of network, each with hyperparameters of its own."""

from __future__ import annotations

from typing import Any

import keras
import keras_tuner


class ConditionalHyperModel(keras_tuner.HyperModel):  # type: ignore[misc]
    """Convolutions or dense layers, as `kind` says; the other kind's hyperparameters are then inactive."""

    def __init__(self, input_shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.classes = classes

    def build(self, hp: Any) -> Any:
        x = images = keras.Input(self.input_shape)
        kind = hp.Choice("kind", ["dense", "convolutions"])
        with hp.conditional_scope("kind", ["dense"]):
            if kind == "dense":
                x = keras.layers.Flatten()(x)
                for layer in range(hp.Int("layers", 1, 3)):
                    x = keras.layers.Dense(hp.Int(f"units_{layer}", 16, 64, step=16), "relu")(x)
        with hp.conditional_scope("kind", ["convolutions"]):
            if kind == "convolutions":
                x = keras.layers.Conv2D(hp.Int("filters", 8, 64, sampling="log"), 3)(x)
                x = keras.layers.GlobalAveragePooling2D()(x)
        rate = hp.Float("dropout", 0.0, 0.5, step=0.1) if hp.Boolean("drops") else 0.0
        outputs = keras.layers.Dense(self.classes, "softmax")(keras.layers.Dropout(rate)(x))
        model = keras.Model(images, outputs)
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log", default=1e-2)
        model.compile(keras.optimizers.Adam(learning_rate), loss="categorical_crossentropy")
        return model
