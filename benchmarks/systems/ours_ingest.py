"""Reads a source as imgcls-automl does before a search: matched, read, checked, decoded, split and cached."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

from measure.jobs import answer_job

from imgcls_automl.data.dataset import Dataset, DatasetRequest, IngestProgress
from imgcls_automl.data.prepare import prepare_dataset


class _IndexedError(Exception):
    """All is indexed, and no more was asked for."""


def run(job: dict[str, Any]) -> dict[str, Any]:
    side = job.get("side")
    request = DatasetRequest(
        data=(job["source"],),
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
            if job["index_only"]:
                raise _IndexedError

    try:
        dataset = prepare_dataset(request, folder=None, log=None, on_progress=observe)
    except _IndexedError:
        return {"checked": checked, "ready": checked}
    ready = time.time()
    return {
        "pictures": sum(dataset.split_sizes),
        "cached": dataset.cached,
        "checked": checked,
        "ready": ready,
        "pixels": _hash_pixels(dataset) if job["hash"] else None,
    }


def _hash_pixels(dataset: Dataset) -> str:
    """Hash the array alone, behind the file's header, as the other system does."""
    size = sum(dataset.split_sizes) * prod(dataset.task.image_shape)
    with dataset.images.open("rb") as file:
        file.seek(dataset.images.stat().st_size - size)
        return hashlib.file_digest(file, partial(hashlib.blake2b, digest_size=16)).hexdigest()


if __name__ == "__main__":
    answer_job(run)
