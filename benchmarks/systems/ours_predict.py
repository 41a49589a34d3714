"""Predicts pictures with a run's model as imgcls-automl does; tells when the model was ready and when all was done."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from measure.jobs import answer_job

from imgcls_automl.results.predicting import PredictionRequest, predict


def run(job: dict[str, Any]) -> dict[str, Any]:
    request = PredictionRequest(run=Path(job["run"]), sources=(job["source"],))
    with predict(request) as predictions:
        opened = time.time()
        done = sum(len(batch.ids) for batch in predictions.batches)
        return {"pictures": done, "opened": opened, "ended": time.time()}


if __name__ == "__main__":
    answer_job(run)
