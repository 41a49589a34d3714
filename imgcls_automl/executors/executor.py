"""What the engine asks of a place where trials run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from imgcls_automl.executors.messages import Ready, UseDataset, WorkerLost


class Executor(Protocol):
    """Some workers, known by number, that do tasks of `executors.messages` one at a time each."""

    def wait_ready(self) -> Ready:
        """Wait until a worker has loaded its framework.

        Raises:
            ImgclsError: The space or the device is not to be had.
        """
        ...

    def use_dataset(self, dataset: UseDataset) -> None:
        """Give all workers, and those that may replace them, the data set."""
        ...

    def idle(self) -> list[int]:
        """The workers that have nothing to do."""
        ...

    def submit(self, worker: int, task: Any) -> None:
        """Give an idle worker a task."""
        ...

    def next_event(self, timeout: float | None) -> tuple[int, Any] | None:
        """Wait for a worker's next message, or `WorkerLost`; None where none came within `timeout` seconds."""
        ...

    def answer(self, worker: int, message: Any) -> None:
        """Answer a worker's question."""
        ...

    def replace(self, worker: int, why: str) -> WorkerLost:
        """End a worker that does not answer; another takes its place. `why` becomes the detail."""
        ...

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        ...
