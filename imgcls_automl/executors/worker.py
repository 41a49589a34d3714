"""The worker process: loads its framework, makes the space, then does one task after another.

Runs in a child process only, which is why it imports what it likes.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry
from imgcls_automl.data.messages import as_own_error
from imgcls_automl.errors import BrokenPluginError, ConfigError, ImgclsError
from imgcls_automl.executors.messages import Baselines, Ready, Refused, WorkerSetup
from imgcls_automl.executors.results import RefitResult, ReplayResult
from imgcls_automl.executors.tasks import (
    BaselinesTask,
    MemberTask,
    PreviewTask,
    ProbeTask,
    RefitTask,
    ReplayTask,
    RetrainTask,
    TrialTask,
    UseDataset,
)
from imgcls_automl.files import as_disk_error
from imgcls_automl.plugin import HasBaselines
from imgcls_automl.text import describe_error, describe_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from optuna.trial import BaseTrial

    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.plugin import SearchSpace
    from imgcls_automl.training.backend import Backend
    from imgcls_automl.training.bench import Bench

logger = logging.getLogger(__name__)


def serve(connection: Connection[Any, Any], setup: WorkerSetup) -> None:
    """Do tasks until the search process closes the connection."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s"
    )
    try:
        backend, space = _start(setup)
        connection.send(
            Ready(
                backend=backend.name,
                versions=backend.versions,
                device=backend.device,
                precisions=backend.precisions,
                warning=backend.warning,
                on_gpu=backend.on_gpu,
            )
        )
        bench: Bench
        dataset: Dataset
        while True:
            task = connection.recv()
            if isinstance(task, UseDataset):
                dataset, bench = task.dataset, _open_bench(task, backend, space, connection)
            else:
                connection.send(_do(task, bench, dataset, connection))
    except ImgclsError as error:
        # Not the error itself: the search process cannot unpickle a plugin's own class.
        connection.send(Refused(error=as_own_error(error)))
    except EOFError:
        logger.info("The search process has closed the connection.")
    except Exception as error:
        # The run's trouble, not the candidate's: its trial is done again when there is room.
        of_disk = as_disk_error(error)
        if of_disk is None:
            raise
        connection.send(Refused(error=of_disk))


def _start(setup: WorkerSetup) -> tuple[Backend, SearchSpace]:
    from imgcls_automl.training.backend import load_backend

    space: SearchSpace = registry.load(setup.space, setup.space_options)
    try:
        return load_backend(setup.device), space
    except LookupError as error:
        raise ConfigError(f"--device {setup.device}: {error}.") from error
    except (ImportError, ValueError) as error:  # Keras's answers to a backend that is not there
        name = os.environ["KERAS_BACKEND"]
        raise ConfigError(
            f"Keras cannot be loaded with KERAS_BACKEND={name}: {describe_error(error)}.\n"
            "Install that backend, or set KERAS_BACKEND to tensorflow, jax or torch."
        ) from error


def _open_bench(
    task: UseDataset, backend: Backend, space: SearchSpace, connection: Connection[Any, Any]
) -> Bench:
    from imgcls_automl.executors.pulse import PulseSender
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.program import Programs

    pulse = PulseSender(connection.send)
    pictures = Pictures(task.dataset, resident_bytes=backend.resident_bytes, on_batch=pulse)
    return Bench(
        space=space,
        programs=Programs(pictures),
        metric=task.metric,
        class_weight=task.class_weight,
        sampling=task.sampling,
        limits=task.limits,
        on_steps=pulse,
    )


def _do(task: Any, bench: Bench, dataset: Dataset, connection: Connection[Any, Any]) -> Any:
    """Do one task; what is returned ends it."""
    from imgcls_automl.executors.remote_trial import RemoteTrial
    from imgcls_automl.training.preview import preview
    from imgcls_automl.training.probing import probe
    from imgcls_automl.training.retrain import retrain
    from imgcls_automl.training.trial import run_trial
    from imgcls_automl.training.whole import train_member

    def ask(message: Any) -> Any:
        connection.send(message)
        return connection.recv()

    match task:
        case BaselinesTask():
            return _list_baselines(bench)
        case ReplayTask():
            return _replay(task, bench, RemoteTrial(task.number, ask))
        case PreviewTask():
            return preview(task, bench)
        case ProbeTask():
            return probe(task, bench)
        case TrialTask():
            trial = RemoteTrial(task.number, ask)
            return run_trial(task, bench, trial, admit=ask, started=connection.send, report=ask)
        case RetrainTask():
            return retrain(task, bench, ask)
        case MemberTask():
            return train_member(task, bench, ask)
        case RefitTask():
            return _do_refit(task, dataset, bench, ask)
    raise TypeError(f"a worker has no task {type(task).__name__}")


def _list_baselines(bench: Bench) -> Baselines:
    if not isinstance(bench.space, HasBaselines):
        return Baselines(parameters=[])
    try:
        return Baselines(
            parameters=[dict(point) for point in bench.space.baselines(bench.pictures.task)]
        )
    except Exception as error:
        raise BrokenPluginError(
            f"The search space's baselines() failed: {describe_error(error)}.\n"
            f"This is for its author to mend; it happened in {describe_frame(error)}."
        ) from error


def _replay(task: ReplayTask, bench: Bench, trial: BaseTrial) -> ReplayResult:
    from imgcls_automl.trial_files import StoredCandidate, write_candidate

    image_task = bench.pictures.task
    try:
        candidate = bench.space.suggest(trial, image_task)
    except Exception as error:  # an earlier trial's draws are not this space's any more
        return ReplayResult(refusal=describe_error(error))
    if task.folder is not None:
        stored = StoredCandidate(
            number=task.number,
            params=trial.params,
            baseline=task.baseline,
            candidate=candidate,
            task=image_task,
        )
        write_candidate(task.folder, stored)
    return ReplayResult(refusal=None)


def _do_refit(
    task: RefitTask, dataset: Dataset, bench: Bench, ask: Callable[[Any], Any]
) -> RefitResult:
    from imgcls_automl.results.picture_choice import MAX_SUSPECTS
    from imgcls_automl.results.shown_pictures import write_shown_pictures
    from imgcls_automl.results.suspects import read_suspects
    from imgcls_automl.results.suspicious_labels import write_suspicious_labels
    from imgcls_automl.results.testing import read_ids, write_test_results
    from imgcls_automl.training.refit import refit
    from imgcls_automl.training.showing import choose_pictures

    refitted = refit(task, bench, ask)
    logger.info(
        "Refit of trial %d: %d epochs, %.1f s.", task.number, refitted.epochs, refitted.seconds
    )
    metrics = write_test_results(
        task.folder,
        dataset,
        test=refitted.test.indices,
        labels=bench.pictures.labels[refitted.test.indices],
        probabilities=refitted.test.probabilities,
        single=None if refitted.single is None else refitted.single.probabilities,
        temperature=task.composition.temperature,
        flips=task.flips or any(member.flips for member in task.composition.members),
    )
    ids = read_ids(dataset)
    write_suspicious_labels(
        task.folder,
        ids=ids,
        labels=bench.pictures.labels,
        class_names=dataset.task.class_names,
        judgements=(refitted.test, refitted.held_out),
    )
    suspects = {it.id for it in read_suspects(task.folder)[:MAX_SUSPECTS]}
    write_shown_pictures(
        task.folder, choose_pictures(task, bench, refitted, ids=ids, suspects=suspects)
    )
    return RefitResult(
        epochs=refitted.epochs,
        shortened=refitted.shortened,
        seconds=refitted.seconds,
        metrics=metrics,
        members=len(task.composition.members),
    )
