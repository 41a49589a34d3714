"""KerasTuner's Hyperband, with the space of its own tutorials or with the space and recipe of cnn_small.

Hyperband can neither be told a time limit nor be given baselines: it is stopped at the limit, and draws its own points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from measure.jobs import answer_job
from measure.pictures import load_split, read_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from systems.plain_keras import Arrays


def search(job: dict[str, Any]) -> dict[str, Any]:
    """Run one Hyperband to its end, then test the best model once."""
    import keras_tuner

    from systems.epoch_events import EpochEvents
    from systems.plain_keras import load_arrays, scale

    files = read_files(job["pictures"])
    arrays = load_arrays(files)
    tuner = keras_tuner.Hyperband(
        make_same(arrays) if job["same"] else make_own(arrays),
        objective="val_accuracy",
        max_epochs=job["epochs"],
        seed=job["seed"],
        directory=job["folder"],
        project_name="tuner",
    )
    tuner.search(
        arrays.x,
        arrays.y,
        batch_size=128,
        validation_data=(arrays.x_validation, arrays.y_validation),
        callbacks=[EpochEvents(job["folder"])],
        verbose=0,
    )
    x, y = load_split(files, "test")
    model = tuner.get_best_models(1)[0]
    named = model.predict(scale(x), batch_size=1024, verbose=0).argmax(axis=1)
    return {"trials": len(tuner.oracle.trials), "test_accuracy": float((named == y).mean())}


def make_own(arrays: Arrays) -> Any:
    """Convolutions, dropout and a dense layer, tuned as KerasTuner's guide tunes them; 128 pictures a batch."""
    import keras

    def build(hp: Any) -> Any:
        model = keras.Sequential([keras.Input(arrays.task.image_shape)])
        for block in range(hp.Int("blocks", 1, 3)):
            filters = hp.Int(f"filters_{block}", 32, 128, step=32)
            model.add(keras.layers.Conv2D(filters, 3, padding="same", activation="relu"))
            model.add(keras.layers.MaxPooling2D(2, padding="same"))
        model.add(keras.layers.Flatten())
        if hp.Boolean("dropout"):
            model.add(keras.layers.Dropout(0.25))
        model.add(keras.layers.Dense(hp.Int("units", 64, 256, step=64), activation="relu"))
        model.add(keras.layers.Dense(arrays.task.num_classes, activation="softmax"))
        rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
        model.compile(
            keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    return build


class HyperParametersTrial:
    """Lets a search space's `suggest` draw from KerasTuner's HyperParameters.

    Args:
        hp: Of the model that is being built.
    """

    def __init__(self, hp: Any) -> None:
        self._hp = hp

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        # A sampling other than linear takes a factor for a step.
        scale = {"sampling": "log", "step": None} if log else {"step": step}
        return int(self._hp.Int(name, low, high, **scale))

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        sampling = "log" if log else "linear"
        return float(self._hp.Float(name, low, high, step=step, sampling=sampling))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        if set(choices) == {True, False}:
            return self._hp.Boolean(name, default=choices[0])
        return self._hp.Choice(name, list(choices), ordered=False)


def make_same(arrays: Arrays) -> Any:
    """cnn_small and its recipe; the schedule is laid out over the epochs that Hyperband gives a training."""
    import keras_tuner
    from imgcls_search_spaces.cnn_small import CnnSmall

    from systems.plain_keras import compile_plainly, fit_plainly

    class Same(keras_tuner.HyperModel):  # type: ignore[misc]
        def _suggest(self, hp: Any) -> Any:
            return CnnSmall().suggest(HyperParametersTrial(hp), arrays.task)  # type: ignore[arg-type]

        def build(self, hp: Any) -> Any:
            values = hp.values
            epochs = values.get("tuner/epochs", 1) - values.get("tuner/initial_epoch", 0)
            return compile_plainly(self._suggest(hp), arrays, epochs=epochs)

        def fit(self, hp: Any, model: Any, *data: Any, **options: Any) -> Any:
            return fit_plainly(
                model,
                self._suggest(hp),
                arrays,
                epochs=options["epochs"],
                initial_epoch=options.get("initial_epoch", 0),
                callbacks=options["callbacks"],
            )

    return Same()


if __name__ == "__main__":
    answer_job(search)
