"""Worker processes on this machine: started at once, watched, replaced when that is due, ended with the search."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.causes import TIMEOUT, Failure
from imgcls_automl.executors.devices import count_own_devices, name_workers, share_devices
from imgcls_automl.executors.endings import explain_ending
from imgcls_automl.executors.messages import (
    EpochReport,
    Pulse,
    Ready,
    Refused,
    TrialStarted,
    WorkerLost,
)
from imgcls_automl.executors.supervision import SLEPT, Limits, Supervision
from imgcls_automl.executors.tasks import UseDataset
from imgcls_automl.executors.worker_process import WorkerProcess
from imgcls_automl.processes import ChildDiedError

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.executors.messages import WorkerSetup

logger = logging.getLogger(__name__)

WORKER = "imgcls_automl.executors.worker:serve"
PATROL_SECONDS = 1.0  # between two looks at what workers take
_STARTS_ALLOWED = 3  # in a row without a worker becoming ready


class LocalExecutor:
    """An `Executor` of worker processes, a GPU each or this machine's cores between them.

    Args:
        setup: What each worker starts with.
        workers: How many; None for one a GPU, or one on the processor.
        log: The file their output is appended to.
        limits: What a worker may take before it is ended.
        target: What they run, as of `processes.Child`: a function that is called with a connection and `setup` and
            speaks `executors.messages`.

    Raises:
        ConfigError: There are fewer devices than workers.
    """

    def __init__(
        self,
        setup: WorkerSetup,
        *,
        workers: int | None,
        log: Path | None,
        limits: Limits | None = None,
        target: str = WORKER,
    ) -> None:
        environments = share_devices(setup.device, workers)
        self._setup, self._log, self._target = setup, log, target
        self._limits = limits or Limits()
        self._is_one_a_gpu = workers is None and len(environments) > 1
        self._dataset: UseDataset | None = None
        self._failed_starts = 0
        self._patrolled = time.monotonic()
        self._start(environments)

    def _start(self, environments: list[dict[str, str]]) -> None:
        self.own_devices = count_own_devices(environments)
        self._names = name_workers(environments)
        self._supervision = Supervision(self._limits, len(environments))
        self._workers = [
            WorkerProcess(self._target, self._setup, log=self._log, environment=environment)
            for environment in environments
        ]

    def wait_ready(self) -> Ready:
        while True:
            event = self.next_event(None)
            if event is None or not isinstance(event[1], Ready):
                continue
            if self._is_one_a_gpu and not event[1].on_gpu:
                self._move_to_processor()
            else:
                return event[1]

    def _move_to_processor(self) -> None:
        """Start anew with the one worker that is usual there: the driver lists GPUs that the backend does not see."""
        logger.warning("The backend sees none of the GPUs: one worker trains on the processor.")
        self.close()
        self._is_one_a_gpu = False
        self._start(share_devices("cpu", None))

    def use_dataset(self, dataset: UseDataset) -> None:
        self._dataset = dataset
        for worker in self._workers:
            if worker.ready:
                worker.send(dataset)

    def idle(self) -> list[int]:
        return [number for number, worker in enumerate(self._workers) if worker.idle]

    def submit(self, worker: int, task: Any, *, deadline: float | None = None) -> None:
        self._workers[worker].begin(task, deadline)

    def next_event(self, timeout: float | None) -> tuple[int, Any] | None:
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            # The patrol first: one worker that has always something to say does not keep it from the others.
            event = self._patrol() or self._hear()
            if event is not None or (until is not None and time.monotonic() >= until):
                return event

    def answer(self, worker: int, message: Any) -> None:
        self._workers[worker].send(message)

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()

    def _hear(self) -> tuple[int, Any] | None:
        """Wait for a worker's message or end; None where none came before the next patrol is due."""
        numbers = {sign: number for number, it in enumerate(self._workers) for sign in it.signs}
        for sign in wait(list(numbers), PATROL_SECONDS):
            number = numbers[sign]
            message = self._receive(self._workers[number])
            return None if isinstance(message, Pulse) else (number, self._sign(number, message))
        return None

    def _sign(self, number: int, message: Any) -> Any:
        """Have what a screen shows say which worker it comes from."""
        if isinstance(message, Ready | TrialStarted | EpochReport):
            return replace(message, where=self._names[number])
        return message

    def _receive(self, worker: WorkerProcess) -> Any:
        """Take a worker's next message and note what it says about the worker."""
        try:
            message = worker.receive()
        except ChildDiedError as error:
            return self._replace(worker, self._explain(worker, error.returncode))
        except Exception as error:
            # Whatever unpickling raises: it may be a class of a plugin's own, or no message at all.
            logger.exception("A worker sent what cannot be read.")
            ending = f"the worker process sent what cannot be read: {error}"
            return self._replace(worker, WorkerLost(cause=Failure.LOST_WORKER, detail=ending))
        if isinstance(message, Refused):
            raise message.error
        if worker.activity is not None:
            self._supervision.note(worker.activity, message)
        if isinstance(message, Ready) and self._dataset is not None:
            worker.send(self._dataset)
        if isinstance(message, Ready):
            self._failed_starts = 0
        worker.note(message)
        return message

    def _patrol(self) -> tuple[int, Any] | None:
        """End a worker that hangs or takes too much; None where there is no such worker, or it is not yet time."""
        now = time.monotonic()
        since = now - self._patrolled
        if since < PATROL_SECONDS:
            return None
        self._patrolled = now
        if since > SLEPT:
            for worker in self._workers:
                worker.forgive(since)
            return None
        for number, worker in enumerate(self._workers):
            lost = self._judge(worker)
            # What it has just said is heard first, and may mend it; but who goes on talking gets no second grace.
            grace = lost is not None and not worker.suspected and worker.has_news()
            worker.suspected = grace
            if lost is not None and not grace:
                return number, self._replace(worker, lost)
        return None

    def _judge(self, worker: WorkerProcess) -> WorkerLost | None:
        excess = self._supervision.find_excess(worker.measure_memory())
        if excess is not None:
            return WorkerLost(cause=Failure.OUT_OF_MEMORY, detail=excess)
        if worker.activity is None:
            return None
        hang = self._supervision.find_hang(worker.activity)
        if hang is not None:
            return WorkerLost(cause=Failure.HANG, detail=hang)
        late = self._supervision.find_lateness(worker.activity)
        return WorkerLost(cause=TIMEOUT, detail=late) if late is not None else None

    def _explain(self, worker: WorkerProcess, returncode: int) -> WorkerLost:
        short = worker.others_were_killed() or self._supervision.was_short_of_memory(worker.memory)
        return explain_ending(
            returncode,
            used=worker.memory,
            short_of_memory=short,
            last_words=worker.read_last_words(),
        )

    def _replace(self, worker: WorkerProcess, lost: WorkerLost) -> WorkerLost:
        logger.error("A worker is replaced (%s): %s.", lost.cause, lost.detail)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS_ALLOWED:
                raise BrokenPluginError(
                    f"{lost.detail[0].upper()}{lost.detail[1:]}.\n"
                    f"That was while it loaded {self._setup.space.name!r} and its framework, "
                    f"{_STARTS_ALLOWED} times in a row."
                )
        worker.restart()
        return lost
