"""Reads a source as imgcls-automl does before a search: matched, read, checked, decoded, split and cached."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from measure.jobs import answer_job

from imgcls_automl.data.dataset import DatasetRequest, IngestProgress
from imgcls_automl.data.prepare import prepare_dataset


def run(job: dict[str, Any]) -> dict[str, Any]:
    side = job.get("side")
    request = DatasetRequest(
        data=job["source"],
        test_data=None,
        adapter=None,
        options={},
        image_size=(side, side) if side else None,
        resize="stretch",
        seed=0,
        max_bad=None,
        cache=Path(job["cache"]),
    )
    checked = 0.0

    def observe(progress: IngestProgress) -> None:
        nonlocal checked
        if progress.stage == "checking" and progress.done == progress.total:
            checked = time.time()

    dataset = prepare_dataset(request, folder=None, log=None, on_progress=observe)
    ready = time.time()
    # The array alone, behind the file's header, as the other system hashes it.
    size = sum(dataset.split_sizes) * _count_values(dataset.task.image_shape)
    with dataset.images.open("rb") as file:
        file.seek(dataset.images.stat().st_size - size)
        pixels = hashlib.blake2b(file.read(), digest_size=16).hexdigest() if job["hash"] else None
    return {
        "pictures": sum(dataset.split_sizes),
        "cached": dataset.cached,
        "checked": checked,
        "ready": ready,
        "pixels": pixels,
    }


def _count_values(shape: tuple[int, int, int]) -> int:
    height, width, channels = shape
    return height * width * channels


if __name__ == "__main__":
    answer_job(run)
