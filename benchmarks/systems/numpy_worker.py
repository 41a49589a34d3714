"""A worker that trains softmax regression in NumPy: all that a real one says and writes, in milliseconds.

It stands behind the boundary of `imgcls_automl.executors.messages`, so that a search, with its study, run folder and
data, can be killed thousands of times without loading a framework each time. The environment variable
NUMPY_WORKER_EPOCH gives the seconds that an epoch takes at least.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.executors.messages import (
    Baselines,
    CandidateDrawn,
    EpochReport,
    Ready,
    SuggestCall,
    TrialStarted,
)
from imgcls_automl.executors.results import (
    ProbeResult,
    RefitResult,
    ReplayResult,
    RetrainResult,
    TrialResult,
)
from imgcls_automl.executors.tasks import (
    BaselinesTask,
    ProbeTask,
    RefitTask,
    ReplayTask,
    RetrainTask,
    TrialTask,
    UseDataset,
)
from imgcls_automl.files import replacing, write_csv
from imgcls_automl.plugin import Candidate, Training
from imgcls_automl.trial_files import (
    HISTORY,
    StoredCandidate,
    read_candidate,
    write_candidate,
    write_ending,
    write_result,
)
from systems.numpy_files import load_weights, save_answers, save_weights
from systems.softmax_regression import EPOCH_SECONDS, METRICS, Regression

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgcls_automl.data.dataset import Dataset

    Ask = Callable[[Any], Any]


def serve(connection: Any, setup: object) -> None:
    """Do tasks until the search process closes the connection."""

    def ask(message: Any) -> Any:
        connection.send(message)
        return connection.recv()

    versions = {"numpy": np.__version__}
    connection.send(
        Ready(backend="numpy", versions=versions, device="NumPy", precisions=("float32",))
    )
    dataset: Dataset | None = None
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        if isinstance(task, UseDataset):
            dataset = task.dataset
        else:
            assert dataset is not None
            connection.send(_do(task, dataset, ask, connection.send))


def _do(task: Any, dataset: Dataset, ask: Ask, tell: Callable[[Any], None]) -> Any:
    match task:
        case BaselinesTask():
            return Baselines(parameters=[{"learning_rate": 1.0, "momentum": 0.0}])
        case ProbeTask():
            return ProbeResult(precision="float32", epoch_seconds=EPOCH_SECONDS)
        case ReplayTask():
            return _replay(task, dataset, ask)
        case TrialTask():
            return _run_trial(task, dataset, ask, tell)
        case RetrainTask():
            return _retrain(task, dataset, ask)
        case RefitTask():
            return _refit(task, dataset, ask)
    raise TypeError(f"a worker has no task {type(task).__name__}")


def _draw(number: int, ask: Ask) -> tuple[dict[str, Any], Candidate]:
    ranges = {
        "learning_rate": {"low": 1e-2, "high": 10.0, "step": None, "log": True},
        "momentum": {"low": 0.0, "high": 0.99, "step": None, "log": False},
    }
    params = {}
    for name, limits in ranges.items():
        answer = ask(SuggestCall(method="suggest_float", arguments={"name": name, **limits}))
        if answer.error is not None:
            raise answer.error
        params[name] = answer.value
    training = Training(learning_rate=params["learning_rate"])
    return params, Candidate(model={"momentum": params["momentum"]}, training=training)


def _replay(task: ReplayTask, dataset: Dataset, ask: Ask) -> ReplayResult:
    try:
        params, candidate = _draw(task.number, ask)
    except ValueError as error:
        return ReplayResult(refusal=str(error))
    if task.folder is not None:
        _keep(task.folder, task.number, task.baseline, params, candidate, dataset)
    return ReplayResult(refusal=None)


def _keep(
    folder: Path,
    number: int,
    baseline: bool,
    params: dict[str, Any],
    candidate: Candidate,
    dataset: Dataset,
) -> None:
    stored = StoredCandidate(
        number=number, params=params, baseline=baseline, candidate=candidate, task=dataset.task
    )
    write_candidate(folder, stored)


def _run_trial(
    task: TrialTask, dataset: Dataset, ask: Ask, tell: Callable[[Any], None]
) -> TrialResult:
    begun = time.time()
    params, candidate = _draw(task.number, ask)
    _keep(task.folder, task.number, task.baseline, params, candidate, dataset)
    ask(CandidateDrawn(number=task.number, candidate=candidate))
    model = Regression(dataset, candidate)
    tell(TrialStarted(number=task.number, candidate=candidate, parameters=model.weights.size))
    measured: list[dict[str, float]] = []
    stop = None
    while len(measured) < task.epochs and stop is None:
        model.train_epoch((0,))
        measured.append(model.measure())
        _write_history(task.folder, measured)
        stop = ask(_report(task, measured, task.number)).stop
    save_weights(model, task.folder)
    best = max(range(len(measured)), key=lambda epoch: measured[epoch]["val_accuracy"])
    result = TrialResult(
        number=task.number,
        state="complete" if stop is None else "pruned",
        score=measured[best]["val_accuracy"],
        metric="accuracy",
        epoch=best + 1,
        epochs=len(measured),
        planned_epochs=task.epochs,
        seconds=time.time() - begun,
        parameters=model.weights.size,
        cause=stop,
        metrics=measured[best],
    )
    write_result(task.folder, result)
    return result


def _report(task: Any, measured: list[dict[str, float]], number: int | None) -> EpochReport:
    return EpochReport(
        number=number,
        epoch=len(measured),
        epochs=task.epochs,
        seconds=EPOCH_SECONDS,
        score=measured[-1]["val_accuracy"] if number is not None else None,
        metrics=measured[-1],
    )


def _write_history(folder: Path, measured: list[dict[str, float]]) -> None:
    rows = (
        (number, "", EPOCH_SECONDS, *(epoch[name] for name in METRICS))
        for number, epoch in enumerate(measured, start=1)
    )
    write_csv(folder / HISTORY, ("epoch", "time", "seconds", *METRICS), rows)


def _train_again(task: Any, dataset: Dataset, ask: Ask, splits: tuple[int, ...]) -> Regression:
    model = Regression(dataset, read_candidate(task.trial_folder).candidate)
    measured: list[dict[str, float]] = []
    if not task.epochs:
        load_weights(model, task.trial_folder)
    for _ in range(task.epochs):
        model.train_epoch(splits)
        measured.append(model.measure())
        ask(_report(task, measured, None))
    return model


def _retrain(task: RetrainTask, dataset: Dataset, ask: Ask) -> RetrainResult:
    begun = time.time()
    model = _train_again(task, dataset, ask, (0,))
    measured = model.measure()
    score, loss = measured["val_accuracy"], measured["val_loss"]
    result = RetrainResult(
        number=task.number,
        seed=task.seed,
        score=score,
        flipped_score=score - 0.1,
        loss=loss,
        flipped_loss=loss + 1.0,
        epochs=task.epochs,
        seconds=time.time() - begun,
    )
    save_answers(model, task)
    if task.epochs:
        task.folder.mkdir(exist_ok=True)
        save_weights(model, task.folder)
        write_ending(task, result)
    return result


def _refit(task: RefitTask, dataset: Dataset, ask: Ask) -> RefitResult:
    from imgcls_automl.results.testing import write_test_results

    begun = time.time()
    model = _train_again(task, dataset, ask, (0, 1))
    with replacing(task.folder / "model.keras") as temporary, temporary.open("wb") as file:
        np.save(file, model.weights)
    positions, labels, probabilities = model.predict_split(2)
    metrics = write_test_results(
        task.folder,
        dataset,
        test=positions,
        labels=labels,
        probabilities=probabilities,
        flips=False,
    )
    return RefitResult(epochs=task.epochs, seconds=time.time() - begun, metrics=metrics)
