"""The bare loop: every candidate built, compiled and fitted by plain Keras, one after the other."""

from __future__ import annotations

import time
from typing import Any

from measure.candidates import read_candidates
from measure.jobs import answer_job
from measure.pictures import read_files


def train_all(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds of each candidate, from building to its last validation. Imports and loading are not counted."""
    began = time.perf_counter()
    import keras

    from systems.plain_keras import compile_plainly, fit_plainly, load_arrays, set_precision

    precision = set_precision(job["precision"])
    imported = time.perf_counter()
    arrays = load_arrays(read_files(job["pictures"]))
    trials = []
    for number, candidate in enumerate(read_candidates(job["candidates"])):
        start = time.perf_counter()
        keras.utils.clear_session()
        model = compile_plainly(candidate, arrays, epochs=job["epochs"])
        history = fit_plainly(model, candidate, arrays, epochs=job["epochs"]).history
        seconds = time.perf_counter() - start
        trials.append(
            {"candidate": number, "seconds": seconds, "accuracy": max(history["val_accuracy"])}
        )
    return {"trials": trials, "import_seconds": imported - began, "precision": precision}


if __name__ == "__main__":
    answer_job(train_all)
