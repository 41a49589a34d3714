"""How a data process answers: with a value of ours, a refusal for the user, or a crash for us."""

from __future__ import annotations

import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl import errors
from imgcls_automl.errors import ImgclsError
from imgcls_automl.files import tells_no_room
from imgcls_automl.text import describe_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from imgcls_automl.registry import PluginInfo

MOST_LINES = 3  # of an error, whatever a plugin has to say


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error for the user, without a plugin's own classes: the parent cannot unpickle them."""

    kind: type[ImgclsError]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """A bug of ours."""

    traceback: str


def describe_failure(error: Exception) -> Refusal | Crash:
    """Put an exception into a message; a plugin's subclass becomes the class of ours it extends."""
    # What a refusal of ours was raised from is told in it already.
    if tells_no_room(error) and not isinstance(error, errors.DatasetError):
        return Refusal(
            kind=errors.DatasetError,
            text=f"The disk is full, or a limit on file sizes is reached: {describe_error(error)}.\n"
            "Free some space, or use other disks: --out DIR, --cache-dir DIR",
        )
    if not isinstance(error, ImgclsError):
        return Crash(traceback="".join(traceback.format_exception(error)))
    own = as_own_error(error)
    return Refusal(kind=type(own), text=str(own))


def as_own_error(error: ImgclsError) -> ImgclsError:
    """An error as one of our classes, which every process knows, in three lines at most."""
    own: type[ImgclsError] = next(
        kind for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind
    )
    lines = str(error).splitlines()
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], " ".join(lines[MOST_LINES - 1 :])[:300]]
    return own("\n".join(lines))


def unwrap(message: Any) -> Any:
    """Return what a data process answered.

    Raises:
        ImgclsError: It refused.
        RuntimeError: It crashed.
    """
    if isinstance(message, Refusal):
        raise message.kind(message.text)
    if isinstance(message, Crash):
        raise RuntimeError(f"The data process crashed:\n{message.traceback}")
    return message


def serve(
    connection: Connection[Any, Any], work: Callable[[PluginInfo, str, ExitStack], object]
) -> None:
    """Do one piece of work on a data set, and send what it gives or why it failed.

    Args:
        connection: Gives the adapter to use and the reason for it; takes the answer.
        work: Called with both, and with what holds the decoded set where it is.
    """
    info, reason = connection.recv()
    with ExitStack() as held:
        try:
            answered = work(info, reason, held)
        except Exception as error:
            connection.send(describe_failure(error))
        else:
            connection.send(answered)
            connection.poll(None)  # the set is held until the parent holds it and ends this process
