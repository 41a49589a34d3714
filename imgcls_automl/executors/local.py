"""Worker processes on this machine: started at once, replaced when they die, ended with the search process."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.messages import (
    Baselines,
    Ready,
    Refused,
    UseDataset,
    WorkerLost,
)
from imgcls_automl.executors.results import (
    PreviewResult,
    ProbeResult,
    RefitResult,
    ReplayResult,
    RetrainResult,
    TrialResult,
)
from imgcls_automl.processes import Child, ChildDiedError
from imgcls_automl.training.backend import worker_environment

if TYPE_CHECKING:
    from imgcls_automl.executors.messages import WorkerSetup

logger = logging.getLogger(__name__)

WORKER = "imgcls_automl.executors.worker:serve"

_ENDS_A_TASK = (
    Baselines,
    PreviewResult,
    ProbeResult,
    ReplayResult,
    TrialResult,
    RetrainResult,
    RefitResult,
)
_MEMORY_GROWTH = 96 << 20  # bytes a worker may gain on what it had after its first trial
_TRIALS_BETWEEN = 8  # at least, between two renewals of a worker: each costs a few seconds
_STARTS_ALLOWED = 3  # in a row without a worker becoming ready


@dataclass(slots=True)
class _Worker:
    child: Child
    ready: bool = False
    busy: bool = False
    trials: int = 0
    memory: int = 0  # bytes, after its first trial


class LocalExecutor:
    """An `Executor` of worker processes, which share this machine's cores between them.

    Args:
        setup: What each worker starts with.
        workers: How many.
        log: The file their output is appended to.
        target: What each runs, `"package.module:function"`.
    """

    def __init__(
        self, setup: WorkerSetup, *, workers: int, log: Path | None, target: str = WORKER
    ) -> None:
        self._target = target
        self._setup = setup
        self._log = log
        threads = max(1, _usable_cores() // workers)
        self._environment = worker_environment(device=setup.device, threads=threads)
        self._dataset: UseDataset | None = None
        self._failed_starts = 0
        self._workers = [_Worker(self._start()) for _ in range(workers)]

    def wait_ready(self) -> Ready:
        while True:
            event = self._receive(self._workers[0])
            if isinstance(event, Ready):
                return event

    def use_dataset(self, dataset: UseDataset) -> None:
        self._dataset = dataset
        for worker in self._workers:
            if worker.ready:
                self._send(worker, dataset)

    def idle(self) -> list[int]:
        return [
            number
            for number, worker in enumerate(self._workers)
            if worker.ready and not worker.busy
        ]

    def submit(self, worker: int, task: Any) -> None:
        self._workers[worker].busy = True
        self._send(self._workers[worker], task)

    def next_event(self, timeout: float | None) -> tuple[int, Any] | None:
        connections = {
            worker.child.connection: number for number, worker in enumerate(self._workers)
        }
        for connection in wait(list(connections), timeout):
            number = connections[connection]  # type: ignore[index]
            event = self._receive(self._workers[number])
            return (number, event)
        return None

    def answer(self, worker: int, message: Any) -> None:
        self._send(self._workers[worker], message)

    def replace(self, worker: int, why: str) -> WorkerLost:
        return self._replace(self._workers[worker], why)

    def close(self) -> None:
        for worker in self._workers:
            worker.child.stop()

    def _start(self) -> Child:
        return Child(self._target, self._setup, log=self._log, environment=self._environment)

    def _send(self, worker: _Worker, message: Any) -> None:
        try:
            worker.child.send(message)
        except ChildDiedError:
            logger.warning("Worker %d was gone; the next receive tells.", worker.child.pid)

    def _receive(self, worker: _Worker) -> Any:
        """Take a worker's next message and note what it says about the worker."""
        try:
            message = worker.child.receive()
        except ChildDiedError as error:
            return self._replace(worker, f"the worker process {error}")
        if isinstance(message, Refused):
            raise message.error
        if isinstance(message, Ready):
            worker.ready = True
            self._failed_starts = 0
            if self._dataset is not None:
                self._send(worker, self._dataset)
        if isinstance(message, _ENDS_A_TASK):
            worker.busy = False
        if isinstance(message, TrialResult):
            self._renew_grown(worker)
        return message

    def _renew_grown(self, worker: _Worker) -> None:
        """Replace an idle worker whose memory has grown: frameworks keep something of every model they compile."""
        worker.trials += 1
        memory = _resident_bytes(worker.child.pid)
        if worker.trials == 1:
            worker.memory = memory
        elif worker.trials >= _TRIALS_BETWEEN and memory - worker.memory > _MEMORY_GROWTH:
            logger.info(
                "A worker of %d MiB is renewed after %d trials.", memory >> 20, worker.trials
            )
            self._restart(worker)

    def _restart(self, worker: _Worker) -> None:
        worker.child.stop()
        worker.child = self._start()
        worker.ready, worker.busy, worker.trials = False, False, 0

    def _replace(self, worker: _Worker, ending: str) -> WorkerLost:
        last_words = _quote_last_line(self._log)  # before we write to that log, too
        logger.error("A worker is replaced: %s.", ending)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS_ALLOWED:
                raise BrokenPluginError(
                    f"{ending[0].upper()}{ending[1:]} while it loaded {self._setup.space.name!r} and its framework, "
                    f"{_STARTS_ALLOWED} times in a row.{last_words}"
                )
        self._restart(worker)
        return WorkerLost(detail=ending)


def _quote_last_line(log: Path | None) -> str:
    # Quoted, because a run that never began takes its log away again.
    said = log.read_text(encoding="utf-8", errors="replace").split("\n") if log else []
    last = next((line.strip() for line in reversed(said) if line.strip()), "")
    return f"\nIt said last: {last[:300]}" if last else ""


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _resident_bytes(pid: int) -> int:
    """A process's resident memory, where the system tells it; else 0."""
    statm = Path(f"/proc/{pid}/statm")
    try:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # no such file system, or the process has just ended
        return 0
