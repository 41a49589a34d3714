"""Predicts pictures with a run's model as imgcls-automl does; tells when the model was ready and when all was done."""

from __future__ import annotations

import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

from measure.jobs import answer_job

from imgcls_automl.results.predicting import PredictionRequest, predict


def run(job: dict[str, Any]) -> dict[str, Any]:
    request = PredictionRequest(run=Path(job["run"]), sources=(job["source"],))
    with predict(request) as predictions:
        opened = time.time()
        done = sum(len(batch.ids) for batch in predictions.batches)
        ended = time.time()
    return {"pictures": done, "opened": opened, "ended": ended, "busy_seconds": _count_busy()}


def _count_busy() -> float:
    """Processor seconds of this process and of its children, which have ended."""
    used = [getrusage(whose) for whose in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(it.ru_utime + it.ru_stime for it in used)


if __name__ == "__main__":
    answer_job(run)
