"""HyperModels as people write them for KerasTuner: they know nothing of this package."""

from __future__ import annotations

import keras
import keras_tuner


class Conditional(keras_tuner.HyperModel):
    """Two kinds of network, each with hyperparameters of its own; a batch size that `fit` asks for."""

    def __init__(self, input_shape, num_classes, most_units=64):
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes
        self.most_units = most_units

    def build(self, hp):
        x = images = keras.Input(self.input_shape)
        kind = hp.Choice("kind", ["mlp", "cnn"])
        with hp.conditional_scope("kind", ["mlp"]):
            if kind == "mlp":
                units = hp.Int("units", 16, self.most_units, step=16)
                x = keras.layers.Dense(units, "relu")(keras.layers.Flatten()(x))
        with hp.conditional_scope("kind", ["cnn"]), hp.name_scope("conv"):
            if kind == "cnn":
                x = keras.layers.Conv2D(hp.Int("filters", 8, 32, sampling="log"), 3)(x)
                x = keras.layers.GlobalAveragePooling2D()(x)
        hp.Boolean("drops")
        rate = hp.Float("rate", 0.1, 0.5, 0.1, parent_name="drops", parent_values=[True])
        x = keras.layers.Dropout(rate or 0.0)(x)
        outputs = keras.layers.Dense(self.num_classes, "softmax")(x)
        model = keras.Model(images, outputs)
        rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log", default=1e-2)
        model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.Choice("batch_size", [32, 64]), **kwargs)


def compiled(hp):
    """A build function with an index loss on logits."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(hp.Int("units", 16, 64), "relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    return model


def uncompiled(hp):
    """Left to be trained as the user of KerasTuner says; it ends in probabilities."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(hp.Int("units", 16, 64), "relu")]
    return keras.Sequential([*layers, keras.layers.Dense(10, "softmax")])


def exploding(hp):
    model = compiled(hp)
    model.compile("sgd", keras.losses.MeanSquaredError())
    model.optimizer.learning_rate = 1e30
    return model


class OwnLoop(keras_tuner.HyperModel):
    """A training loop of its own, after KerasTuner's guide: it looks at no `stop_training`, and logs little."""

    def build(self, hp):
        return uncompiled(hp)

    def fit(self, hp, model, x, y, validation_data, callbacks=None, **kwargs):
        assert y.dtype == "int32"
        assert len(validation_data[0]) == len(validation_data[1]) > 0
        size = hp.Choice("batch_size", [64, 128])
        model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        for callback in callbacks:
            callback.set_model(model)
        for epoch in range(4):
            for callback in callbacks:
                callback.on_epoch_begin(epoch)
            for start in range(0, len(x), size):
                loss = model.train_on_batch(x[start : start + size], y[start : start + size])
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs={"my_loss": loss})
        return {"my_loss": loss}


class TwoPhases(Conditional):
    """Its `fit` trains twice, each for the epochs it is given."""

    def fit(self, hp, model, *args, **kwargs):
        model.fit(*args, **kwargs)
        return model.fit(*args, **kwargs)


class Tall(Conditional):
    """Cannot be built above a number of units."""

    def build(self, hp):
        if hp.Int("units", 1, 9) > 5:
            raise keras_tuner.errors.FailedTrialError("more than 5 units are too slow")
        raise ValueError("no such layer")


class Hungry(OwnLoop):
    """Finds no memory for its batches once it is trained in earnest."""

    def fit(self, hp, model, x, y, **kwargs):
        if len(x) > 100:  # not where its hyperparameters are asked for
            raise MemoryError
