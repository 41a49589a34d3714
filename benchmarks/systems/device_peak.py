"""What the device can do at best, and how much arithmetic each candidate is."""

from __future__ import annotations

from typing import Any

from measure.arithmetic import OPERATIONS_PER_MULTIPLY_ADD, count_multiply_adds, measure_peak
from measure.candidates import read_candidates
from measure.jobs import answer_job
from measure.pictures import describe_task, read_files


def describe(job: dict[str, Any]) -> dict[str, Any]:
    """The backend, its device, the peak measured there (operations a second), operations a picture by candidate."""
    from imgcls_search_spaces.cnn_small import CnnSmall

    from imgcls_automl.training.backend import load_backend

    backend = load_backend("auto")
    task = describe_task(read_files(job["pictures"]))
    operations = [
        OPERATIONS_PER_MULTIPLY_ADD * count_multiply_adds(CnnSmall().build(candidate.model, task))
        for candidate in read_candidates(job["candidates"])
    ]
    dtype = "bfloat16" if "bfloat16" in backend.precisions[0] else "float32"
    side = 8192 if backend.on_gpu else 1024
    return {
        "backend": backend.name,
        "device": backend.device,
        "precision": backend.precisions[0],
        "peak": measure_peak(side=side, dtype=dtype),
        "operations": operations,
    }


if __name__ == "__main__":
    answer_job(describe)
