"""How a data process answers: with a value of ours, a refusal for the user, or a crash for us."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

from imgcls_automl import errors
from imgcls_automl.errors import ImgclsError

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
