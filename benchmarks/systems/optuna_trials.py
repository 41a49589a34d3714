"""A careful Optuna + Keras script on listed candidates, with a pruning callback written by hand."""

from __future__ import annotations

import time
from typing import Any

from measure.candidates import read_candidates
from measure.jobs import answer_job
from measure.pictures import read_files


def train_all(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds of each trial, from one end to the next. Imports and loading are not counted."""
    began = time.perf_counter()
    import keras
    import optuna

    from systems.plain_keras import compile_plainly, fit_plainly, load_arrays, set_precision
    from systems.pruning_callback import ReportAndPrune

    precision = set_precision(job["precision"])
    imported = time.perf_counter()
    arrays = load_arrays(read_files(job["pictures"]))
    candidates = read_candidates(job["candidates"])
    ended: list[float] = []

    def objective(trial: optuna.Trial) -> float:
        candidate = candidates[trial.suggest_int("candidate", 0, len(candidates) - 1)]
        keras.utils.clear_session()
        model = compile_plainly(candidate, arrays, epochs=job["epochs"])
        pruning = ReportAndPrune(trial)
        history = fit_plainly(model, candidate, arrays, epochs=job["epochs"], callbacks=[pruning])
        pruning.raise_if_pruned()
        return float(max(history.history["val_accuracy"]))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # So short trials reach no epoch at which a sensible pruner would stop them.
    pruner = optuna.pruners.MedianPruner(n_warmup_steps=job["epochs"])
    study = optuna.create_study(
        direction="maximize", pruner=pruner, sampler=optuna.samplers.TPESampler(seed=0)
    )
    for number in range(len(candidates)):
        study.enqueue_trial({"candidate": number})
    start = time.perf_counter()
    study.optimize(
        objective,
        n_trials=len(candidates),
        callbacks=[lambda study, trial: ended.append(time.perf_counter())],
    )
    trials = [
        {"candidate": trial.params["candidate"], "seconds": end - before, "accuracy": trial.value}
        for trial, before, end in zip(study.trials, [start, *ended], ended, strict=False)
    ]
    return {"trials": trials, "import_seconds": imported - began, "precision": precision}


if __name__ == "__main__":
    answer_job(train_all)
