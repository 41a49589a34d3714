"""A good Optuna + Keras script: TPE, a median pruner, early stopping, the best model kept and tested.

With a space of its own, as such scripts have one, or with the space and recipe of cnn_small, baselines included.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from measure.jobs import answer_job
from measure.pictures import load_split, read_files

if TYPE_CHECKING:
    import optuna

    from systems.plain_keras import Arrays

CLOSING = 5.0  # seconds kept back for the test


def search(job: dict[str, Any]) -> dict[str, Any]:
    """Search until the limit, then test the best model once."""
    import keras
    import optuna

    from systems.epoch_events import EpochEvents, StopAt
    from systems.plain_keras import load_arrays, scale
    from systems.pruning_callback import ReportAndPrune

    deadline = job["started"] + job["limit"] - CLOSING
    files = read_files(job["pictures"])
    arrays = load_arrays(files)
    train = train_same if job["same"] else train_own
    best: dict[str, Any] = {"accuracy": -1.0, "model": None}

    def objective(trial: optuna.Trial) -> float:
        keras.utils.clear_session()
        pruning = ReportAndPrune(trial)
        callbacks = [pruning, EpochEvents(job["folder"]), StopAt(deadline)]
        model, history = train(trial, arrays, job["epochs"], callbacks)
        pruning.raise_if_pruned()
        accuracy = max(history.history.get("val_accuracy", [0.0]))
        if accuracy > best["accuracy"]:
            best.update(accuracy=accuracy, model=model)
        return float(accuracy)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=job["seed"]),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=2),
    )
    if job["same"]:
        from imgcls_search_spaces.cnn_small import CnnSmall

        for point in CnnSmall().baselines(arrays.task):
            study.enqueue_trial(dict(point))
    study.optimize(objective, n_trials=job["trials"], timeout=deadline - time.time())
    x, y = load_split(files, "test")
    named = best["model"].predict(scale(x), batch_size=1024, verbose=0).argmax(axis=1)
    return {"trials": len(study.trials), "test_accuracy": float((named == y).mean())}


def train_same(trial: optuna.Trial, arrays: Arrays, epochs: int, callbacks: list[Any]) -> Any:
    """The candidate that cnn_small suggests, trained by its recipe; its best epoch's weights are kept."""
    from imgcls_search_spaces.cnn_small import CnnSmall

    from systems.plain_keras import compile_plainly, fit_plainly

    candidate = CnnSmall().suggest(trial, arrays.task)
    model = compile_plainly(candidate, arrays, epochs=epochs)
    # Early stopping would cut a one-cycle schedule short; of the callback only the weights are wanted.
    callbacks = [*callbacks, _keep_best(patience=epochs)]
    return model, fit_plainly(model, candidate, arrays, epochs=epochs, callbacks=callbacks)


def train_own(trial: optuna.Trial, arrays: Arrays, epochs: int, callbacks: list[Any]) -> Any:
    """Convolution blocks with batch normalisation, Adam at a constant rate, early stopping."""
    import keras

    model = keras.Sequential([keras.Input(arrays.task.image_shape)])
    for block in range(trial.suggest_int("blocks", 2, 4)):
        filters = trial.suggest_categorical(f"filters_{block}", [32, 64, 128])
        model.add(keras.layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.ReLU())
        model.add(keras.layers.MaxPooling2D(2, padding="same"))
        model.add(keras.layers.Dropout(trial.suggest_float(f"dropout_{block}", 0.0, 0.4)))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(trial.suggest_int("units", 64, 256, step=64), activation="relu"))
    model.add(keras.layers.Dropout(trial.suggest_float("dropout", 0.0, 0.5)))
    model.add(keras.layers.Dense(arrays.task.num_classes, activation="softmax"))
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history = model.fit(
        arrays.x,
        arrays.y,
        batch_size=trial.suggest_categorical("batch_size", [64, 128, 256]),
        epochs=epochs,
        validation_data=(arrays.x_validation, arrays.y_validation),
        callbacks=[*callbacks, _keep_best(patience=3)],
        verbose=0,
    )
    return model, history


def _keep_best(*, patience: int) -> Any:
    import keras

    return keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", patience=patience, restore_best_weights=True
    )


if __name__ == "__main__":
    answer_job(search)
