"""Search spaces for tests: small enough to train in a second, each with one thing to look at."""

from __future__ import annotations

from dataclasses import dataclass

from imgcls_automl.pacing import Pacing
from imgcls_automl.plugin import Augmentation, Candidate, Training


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Pacing):
    """Asks no clock: after no epoch the first number of epochs fits, after one the second, and so on."""

    fitting: tuple[int, ...]
    until: float = 0.0
    epoch_seconds: float = 0.0

    def count_fitting(self, seconds, left):
        return min(left, self.fitting[len(seconds)])


def recipe(**changes):
    """How the tests train where they do not say otherwise."""
    augmentation = Augmentation(**changes.pop("augmentation", {}))
    return Training(
        **{"batch_size": 64, "learning_rate": 0.01, **changes}, augmentation=augmentation
    )


def candidate(units=64, dropout=0.0, **training):
    return Candidate(model={"units": units, "dropout": dropout}, training=recipe(**training))


class Plain:
    """A dense layer, dropout where there is any, and the logits."""

    def suggest(self, trial, task):
        return candidate(dropout=trial.suggest_float("dropout", 0.0, 0.9))

    def build(self, model, task):
        import keras

        images = keras.Input(task.image_shape)
        x = keras.layers.Dense(model["units"], "relu", name="hidden")(
            keras.layers.Flatten()(images)
        )
        if model["dropout"]:
            x = keras.layers.Dropout(model["dropout"])(x)
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x))


class Frozen(Plain):
    """Its first layer is built untrainable, as a pretrained one would be."""

    def build(self, model, task):
        network = super().build(model, task)
        network.get_layer("hidden").trainable = False
        return network


class Normalised(Plain):
    """Takes mean and variance from the training pictures, which Keras holds outside the compiled weights."""

    def build(self, model, task):
        import keras

        images = keras.Input(task.image_shape)
        x = keras.layers.Normalization(name="statistics")(images)
        x = keras.layers.Dense(model["units"], "relu")(keras.layers.Flatten()(x))
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x))

    def initialise(self, model, images):
        model.get_layer("statistics").adapt(images.astype("float32") / 255.0)


class Linear(Plain):
    """Layers without bends, which a huge learning rate blows up."""

    def build(self, model, task):
        import keras

        images = keras.Input(task.image_shape)
        x = keras.layers.Flatten()(images)
        for _ in range(4):
            x = keras.layers.Dense(model["units"])(x)
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x))


class Wide(Plain):
    """Gives one logit too many."""

    def build(self, model, task):
        import keras

        images = keras.Input(task.image_shape)
        return keras.Model(
            images, keras.layers.Dense(task.num_classes + 1)(keras.layers.Flatten()(images))
        )


def failing(method, error):
    """A space whose method raises."""

    class Failing(Plain):
        pass

    def fail(self, *arguments):
        raise error

    setattr(Failing, method, fail)
    return Failing()
