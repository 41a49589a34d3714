"""A search space tried out while pictures are read, so that a broken one is told before they have been."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry
from imgcls_automl.data.messages import Refusal, describe_failure, unwrap
from imgcls_automl.processes import Child, ChildDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

    from imgcls_automl.registry import PluginInfo


@contextmanager
def trying_space(
    space: PluginInfo, options: dict[str, str], log: Path | None
) -> Iterator[Callable[[], None]]:
    """Load a space in a child process while the block runs; the workers need seconds more for their framework.

    Yields a function to be called now and then: it raises the space's error once there is one. A child that crashed
    says nothing: the workers, which load the space too, tell of that.
    """
    child = Child("imgcls_automl.space_check:answer", space, options, log=log)
    answered = False

    def raise_broken() -> None:
        nonlocal answered
        if answered or not child.connection.poll():
            return
        answered = True
        try:
            message = child.receive()
        except ChildDiedError:
            return
        if isinstance(message, Refusal):
            unwrap(message)

    try:
        yield raise_broken
    finally:
        child.stop()


def answer(connection: Connection[Any, Any], space: PluginInfo, options: dict[str, str]) -> None:
    """What the child process runs: load the space, and send why it cannot be, or None."""
    try:
        registry.load(space, options)
    except Exception as error:
        connection.send(describe_failure(error))
    else:
        connection.send(None)
