"""The two halves of a prediction, each alone: decoding pictures for a run's model, and the model on ready pictures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from measure.jobs import answer_job

from imgcls_automl.results.predicting import SavedModel, read_saved_model

if TYPE_CHECKING:
    from collections.abc import Callable


def run(job: dict[str, Any]) -> dict[str, Any]:
    model = read_saved_model(Path(job["run"]))
    work = _decode if job["part"] == "decoding" else _predict
    seconds, busy = work(model, job)
    return {"seconds": seconds, "busy_seconds": busy, "pictures": job["pictures"]}


def _time(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds that work takes, and processor seconds of all threads."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - busy


def _decode(model: SavedModel, job: dict[str, Any]) -> tuple[float, float]:
    from imgcls_automl.data.decode import decode_image
    from imgcls_automl.data.threads import map_in_order

    def decode(file: Path) -> np.ndarray:
        return decode_image(file, shape=model.image_shape, resize=model.resize)

    files = sorted(Path(job["source"]).rglob("*.jpg"))
    list(map_in_order(decode, files[:64]))  # imports and first calls

    def work() -> None:
        for _ in map_in_order(decode, files):
            pass

    return _time(work)


def _predict(model: SavedModel, job: dict[str, Any]) -> tuple[float, float]:
    from imgcls_automl.results.saved_network import (
        choose_batch_size,
        load_network,
        predict_pixels,
    )

    network, _ = load_network(model, "auto")
    size = choose_batch_size(model.image_shape, job["pictures"])
    pixels = np.random.default_rng(0).integers(0, 256, (size, *model.image_shape), dtype="uint8")
    predict_pixels(network, pixels, size)  # compiles

    def work() -> None:
        for start in range(0, job["pictures"], size):
            predict_pixels(network, pixels, min(size, job["pictures"] - start))

    return _time(work)


if __name__ == "__main__":
    answer_job(run)
