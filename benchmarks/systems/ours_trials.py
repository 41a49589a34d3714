"""imgcls-automl on listed candidates: a study, one worker process, the engine's own loop."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

from measure.jobs import answer_job
from measure.pictures import open_dataset, read_files
from measure.unpruned_search import make_plan, unpruned_study


class _Clock:
    """Notes when each trial was told to the study, as `run_trials` observes it."""

    def __init__(self) -> None:
        self.trials: list[dict[str, Any]] = []
        self._last = time.perf_counter()

    def __call__(self, event: Any) -> None:
        from imgcls_automl.executors.results import TrialResult

        if isinstance(event, TrialResult):
            now = time.perf_counter()
            self.trials.append(
                {
                    "candidate": event.number,
                    "seconds": now - self._last,
                    "accuracy": event.score,
                    "state": event.state,
                    "detail": event.detail,
                }
            )
            self._last = now


def train_all(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds of each trial, from asking the study to its result told; the worker's start is not counted."""
    from imgcls_automl import registry
    from imgcls_automl.engine.baselines import ask_baselines
    from imgcls_automl.engine.loop import run_trials
    from imgcls_automl.executors.local import LocalExecutor
    from imgcls_automl.executors.messages import WorkerSetup
    from imgcls_automl.executors.tasks import UseDataset

    folder = Path(job["folder"])
    began = time.perf_counter()
    space = registry.find(registry.SEARCH_SPACES, "measure.candidates:ListedCandidates")
    setup = WorkerSetup(space=space, space_options={"file": job["candidates"]}, device="auto")
    with closing(LocalExecutor(setup, workers=1, log=folder / "worker.txt")) as executor:
        ready = executor.wait_ready()
        started = time.perf_counter() - began
        dataset = open_dataset(read_files(job["pictures"]))
        executor.use_dataset(UseDataset(dataset=dataset, metric="accuracy", class_weight="none"))
        points = ask_baselines(executor)
        plan = make_plan(folder, dataset, ready, trials=len(points), epochs=job["epochs"])
        with unpruned_study(folder / "study.db", points) as study:
            clock = _Clock()
            run_trials(study, executor, plan, clock)
    _refuse_failures(clock.trials)
    return {"trials": clock.trials, "import_seconds": started, "precision": plan.precision}


def _refuse_failures(trials: list[dict[str, Any]]) -> None:
    for trial in trials:
        if trial["state"] != "complete":
            raise RuntimeError(
                f"Trial {trial['candidate']} is {trial['state']}: {trial['detail']}; its time means nothing."
            )


if __name__ == "__main__":
    answer_job(train_all)
