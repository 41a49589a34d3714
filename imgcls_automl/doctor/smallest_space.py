"""A search space of one small network, for a search that takes seconds: one convolution and one dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Candidate, Training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import optuna

    from imgcls_automl.plugin import ImageTask


class SmallestSpace:
    """A network that compiles in a fraction of the time that real ones take, and still learns digits."""

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        rate = trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True)
        return Candidate(
            model={"filters": 16}, training=Training(batch_size=64, learning_rate=rate)
        )

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        import keras

        images = keras.Input(task.image_shape)
        x = keras.layers.Conv2D(model["filters"], 3, padding="same", activation="relu")(images)
        x = keras.layers.Flatten()(keras.layers.MaxPooling2D()(x))
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x))

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        return [{"learning_rate": 0.01}]
