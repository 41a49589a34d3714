"""KerasTuner on listed candidates: a grid search over one choice, which trains each of them once."""

from __future__ import annotations

import time
from typing import Any

from measure.candidates import read_candidates
from measure.jobs import answer_job
from measure.pictures import read_files


def train_all(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds of each trial, from one end to the next. Imports and loading are not counted."""
    began = time.perf_counter()
    import keras_tuner

    from systems.plain_keras import compile_plainly, fit_plainly, load_arrays, set_precision

    precision = set_precision(job["precision"])
    imported = time.perf_counter()
    arrays = load_arrays(read_files(job["pictures"]))
    candidates = read_candidates(job["candidates"])
    ended: list[float] = []

    def choose(hp: Any) -> Any:
        return candidates[hp.Choice("candidate", list(range(len(candidates))))]

    class Listed(keras_tuner.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> Any:
            return compile_plainly(choose(hp), arrays, epochs=job["epochs"])

        def fit(self, hp: Any, model: Any, *arguments: Any, **options: Any) -> Any:
            callbacks = options["callbacks"]
            return fit_plainly(model, choose(hp), arrays, epochs=job["epochs"], callbacks=callbacks)

    class TimedGridSearch(keras_tuner.GridSearch):  # type: ignore[misc]
        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            ended.append(time.perf_counter())

    tuner = TimedGridSearch(
        Listed(), objective="val_accuracy", directory=job["folder"], project_name="tuner"
    )
    start = time.perf_counter()
    tuner.search(verbose=0)
    trials = [
        {
            "candidate": trial.hyperparameters.get("candidate"),
            "seconds": end - before,
            "accuracy": trial.score,
        }
        for trial, before, end in zip(
            tuner.oracle.trials.values(), [start, *ended], ended, strict=False
        )
    ]
    return {"trials": trials, "import_seconds": imported - began, "precision": precision}


if __name__ == "__main__":
    answer_job(train_all)
