"""What a search says while it runs, made up: its events, and a story of them."""

from __future__ import annotations

import time
from pathlib import Path

from imgcls_automl.config import Preset, RunConfig
from imgcls_automl.data.dataset import Dataset, IngestProgress
from imgcls_automl.engine.budget import Budget
from imgcls_automl.events import (
    DatasetReady,
    PlanMade,
    RefitBegun,
    RunBegun,
    SearchStanding,
    WorkerReady,
)
from imgcls_automl.executors.messages import EpochReport, Ready, TrialStarted, WorkerLost
from imgcls_automl.executors.results import RetrainResult, TrialResult
from imgcls_automl.plugin import Candidate, ImageTask
from imgcls_automl.run_folder import RunFolder


def result(number, state="complete", score=0.5, cause=None, detail=None):
    return TrialResult(
        number=number,
        state=state,
        score=score,
        metric="accuracy",
        epoch=None if score is None else 2,
        epochs=2,
        planned_epochs=4,
        seconds=75.0,
        parameters=1000,
        cause=cause,
        detail=detail,
    )


def report(number, epoch, score=0.5, what=""):
    metrics = {"loss": 1.25, "accuracy": 0.5}
    return EpochReport(
        number=number, epoch=epoch, epochs=4, seconds=1.0, score=score, metrics=metrics, what=what
    )


def standing(counted, score=None, *, seconds=None):
    """Where the search stands: trial 0 the best, so many seconds from now to its end."""
    return SearchStanding(
        counted=counted,
        best_trial=None if score is None else 0,
        best_score=score,
        deadline=None if seconds is None else time.time() + seconds,
    )


def plan(top_k=3, seeds=1):
    preset = Preset(epochs=4, top_k=top_k, seeds=seeds)
    return PlanMade(preset=preset, wanted=preset, precision="float32")


def retrained(number, score=0.5):
    return RetrainResult(
        number=number,
        seed=1,
        score=score,
        flipped_score=score,
        loss=0.5,
        flipped_loss=0.5,
        epochs=4,
        seconds=75.0,
    )


def dataset(reason="a folder of pictures"):
    counts = (800, 222)
    task = ImageTask(image_shape=(28, 30, 3), class_names=("cat", "dog"), class_counts=counts)
    return Dataset(
        task=task,
        images=Path("i.npy"),
        labels=Path("l.npy"),
        splits=Path("s.npy"),
        fingerprint="abc",
        split_sizes=(1022, 200, 1500),
        unreadable=3,
        adapter="folder",
        plugin="imgcls-automl 0.1.0",
        reason=reason,
        resize="stretch",
        cached=False,
        remarks=(f"Classes that are missing from a split: {reason}",),
    )


def begin(path="runs/one", trials=5, seconds=600.0):
    config = RunConfig(space="s", data=("d",), trials=trials, timeout=seconds)
    folder = RunFolder(Path(path), {})
    return RunBegun(
        config=config,
        folder=folder,
        budget=Budget(trials=trials, started=time.time(), seconds=seconds),
    )


READY = Ready(
    backend="tensorflow",
    versions={"tensorflow": "2.21.0"},
    device="CPU, 2 threads",
    precisions=("float32",),
    warning="a GPU is there, but tensorflow does not see it",
)
STORY = [
    begin(),
    IngestProgress(stage="reading", done=1000, total=None),
    IngestProgress(stage="decoding", done=500, total=2722),
    DatasetReady(dataset=dataset(), seconds=1.0),
    WorkerReady(ready=READY),
    TrialStarted(number=0, candidate=Candidate(model={}), parameters=123_456),
    report(0, 1),
    result(0, score=0.8125),
    standing(1, 0.8125),
    TrialStarted(number=1, candidate=Candidate(model={}), parameters=99),
    result(1, "failed", None, "not finite", "the loss was not finite in epoch 1"),
    result(2, "pruned", 0.25, "pruned"),
    WorkerLost(detail="the worker process was killed by SIGKILL"),
    result(3, "infeasible", None, "infeasible", "too large"),
    standing(4, 0.8125),
    RefitBegun(number=0, epochs=4, planned_epochs=4),
    report(None, 3, None, what="refit of trial 0"),
]
