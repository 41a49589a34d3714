"""What the engine asks of a place where trials run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from imgcls_automl.executors.messages import Ready
    from imgcls_automl.executors.tasks import UseDataset


class Executor(Protocol):
    """Some workers, known by number, that do tasks of `executors.tasks` one at a time each.

    Attributes:
        own_devices: How many GPUs they have to themselves, one each; 1 where they share what there is.
    """

    own_devices: int

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

    def submit(self, worker: int, task: Any, *, deadline: float | None = None) -> None:
        """Give an idle worker a task; `deadline` is when it should have ended, in seconds since the epoch."""
        ...

    def next_event(self, timeout: float | None) -> tuple[int, Any] | None:
        """Wait for a worker's next message, or `WorkerLost`; None where none came within `timeout` seconds.

        Workers that die, hang or take too much are ended, replaced and told as lost.
        """
        ...

    def answer(self, worker: int, message: Any) -> None:
        """Answer a worker's question."""
        ...

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        ...
