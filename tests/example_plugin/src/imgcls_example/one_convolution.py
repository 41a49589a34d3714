"""The search space `one_convolution`: a convolution, an average and a dense layer."""

from imgcls_automl.plugin import Candidate, Training


class OneConvolution:
    """One convolution of 4 to 16 filters."""

    def suggest(self, trial, task):
        filters = trial.suggest_int("filters", 4, 16, step=4)
        rate = trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True)
        return Candidate(
            model={"filters": filters}, training=Training(batch_size=32, learning_rate=rate)
        )

    def build(self, model, task):
        import keras

        images = keras.Input(task.image_shape)
        x = keras.layers.Conv2D(model["filters"], 3, activation="relu")(images)
        x = keras.layers.GlobalAveragePooling2D()(x)
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x))

    def baselines(self, task):
        return [{"filters": 8, "learning_rate": 0.02}]
