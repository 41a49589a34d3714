"""One worker as the search process sees it: its process, what it is doing, what it has taken."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from imgcls_automl.executors.endings import measure_log, read_last_words
from imgcls_automl.executors.messages import Baselines, Ready
from imgcls_automl.executors.renewal import Growth
from imgcls_automl.executors.results import (
    MemberResult,
    PreviewResult,
    ProbeResult,
    RefitResult,
    ReplayResult,
    RetrainResult,
    TrialResult,
)
from imgcls_automl.executors.supervision import Activity
from imgcls_automl.machine import count_memory_kills, memory_in_use
from imgcls_automl.processes import Child, ChildDiedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imgcls_automl.executors.messages import WorkerSetup

logger = logging.getLogger(__name__)

_ENDS_A_TASK = (
    Baselines,
    PreviewResult,
    ProbeResult,
    ReplayResult,
    TrialResult,
    RetrainResult,
    MemberResult,
    RefitResult,
)


class WorkerProcess:
    """A worker process, and another one in its place when it is restarted.

    Args:
        target: As of `processes.Child`.
        setup: What it starts with.
        log: The file its output is appended to.
        environment: Variables on top of this process's own.
    """

    def __init__(
        self, target: str, setup: WorkerSetup, *, log: Path | None, environment: Mapping[str, str]
    ) -> None:
        self._target = target
        self._setup = setup
        self._log = log
        self._environment = environment
        self._start()

    def _start(self) -> None:
        self._growth = Growth()
        self.memory = 0  # bytes, when it was last measured
        self.ready = False
        self.suspected = False  # of a hang, at the last patrol, though it had just said something
        self._listen_from_now()
        self.activity: Activity | None = Activity(task=None)
        self._child = Child(self._target, self._setup, log=self._log, environment=self._environment)

    def _listen_from_now(self) -> None:
        self._said = measure_log(self._log)
        self._kills = count_memory_kills()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def idle(self) -> bool:
        """Whether it is loaded and has nothing to do."""
        return self.ready and self.activity is None

    @property
    def signs(self) -> list[Any]:
        """As of `processes.Child`."""
        return self._child.signs

    def begin(self, task: Any, deadline: float | None) -> None:
        """Give it a task; `deadline` is when it should have ended, in seconds since the epoch."""
        self._listen_from_now()
        self.activity = Activity(task=task, deadline=deadline)
        self.send(task)

    def send(self, message: Any) -> None:
        """Send a message; where the process is gone, the next `receive` tells."""
        try:
            self._child.send(message)
        except ChildDiedError:
            logger.warning("Worker %d was gone.", self.pid)

    def receive(self) -> Any:
        """Its next message; raises `ChildDiedError` where there is none."""
        return self._child.receive()

    def has_news(self) -> bool:
        """Whether a message of it, or its end, waits to be heard."""
        return self._child.has_news()

    def note(self, message: Any) -> None:
        """Keep in mind what a message says of its state; renew it between trials where its memory has grown."""
        if isinstance(message, Ready):
            self.ready, self.activity = True, None
        elif isinstance(message, _ENDS_A_TASK):
            self.activity = None
        if isinstance(message, TrialResult):
            self._renew_grown()

    def forgive(self, seconds: float) -> None:
        """Do not count so many seconds against it."""
        if self.activity is not None:
            self.activity.forgive(seconds)

    def measure_memory(self) -> int:
        """Bytes it has to itself now."""
        self.memory = memory_in_use(self.pid) or self.memory
        return self.memory

    def others_were_killed(self) -> bool:
        """Whether the kernel has killed any process for memory since its task began."""
        return count_memory_kills() > self._kills

    def read_last_words(self) -> str:
        """What it, or another worker that writes to the same log, has printed last since its task began."""
        return read_last_words(self._log, self._said)

    def restart(self) -> None:
        """End it now, and start another in its place."""
        self.stop()
        self._start()

    def stop(self) -> None:
        """End it now. May be called twice."""
        self._child.stop()

    def _renew_grown(self) -> None:
        self._growth.note(self.measure_memory())
        if self._growth.is_due:
            logger.info(
                "A worker of %d MiB is renewed after %d trials.",
                self.memory >> 20,
                self._growth.trials,
            )
            self.restart()
