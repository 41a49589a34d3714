"""Exceptions told apart: which of the few causes a trial failed for, and where in the author's code."""

from __future__ import annotations

import inspect
import logging
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import imgcls_automl
from imgcls_automl.executors.causes import Failure
from imgcls_automl.files import tells_no_room
from imgcls_automl.storage_errors import tells_refusal
from imgcls_automl.text import describe_error

if TYPE_CHECKING:
    from imgcls_automl.executors.causes import Refusal
    from imgcls_automl.executors.results import TrialState

Stage = Literal["suggest", "build", "training"]

logger = logging.getLogger(__name__)

# TensorFlow and JAX have no common class for it; both say RESOURCE_EXHAUSTED, torch has OutOfMemoryError for the device
# and a RuntimeError for the machine. What the driver refuses is told by its own name.
_OUT_OF_MEMORY = (
    "RESOURCE_EXHAUSTED",
    "ResourceExhausted",
    "OutOfMemory",
    "OOM when allocating",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "DefaultCPUAllocator: can't allocate memory",
)


@runtime_checkable
class WrapsCode(Protocol):
    """A space of ours around what an author wrote for something else."""

    @property
    def wrapped(self) -> Any:
        """A class, a function or an object of the author's."""
        ...


class TrialEndedError(Exception):
    """A trial cannot go on.

    Args:
        state: What it has become.
        cause: One of the closed sets, for the leaderboard.
        detail: One line of it.
        violations: By how much a refused candidate is above its limits, by option.
    """

    def __init__(
        self,
        state: TrialState,
        cause: Failure | Refusal,
        detail: str,
        violations: dict[str, float] | None = None,
    ) -> None:
        super().__init__(detail)
        self.state = state
        self.cause = cause
        self.violations = violations or {}


def as_failure(error: Exception, space: Any, *, stage: Stage, folder: Path) -> TrialEndedError:
    """Tell what an exception makes of a trial, and log it whole.

    Args:
        error: What was raised.
        space: Whose code is its author's.
        stage: What was being done.
        folder: The trial's.

    Raises:
        Exception: The same one, where the disk has no more room, or refuses a file of the trial's folder: that ends
            the run, and the trial is done again.
    """
    # That is the run's trouble, not the candidate's.
    if tells_no_room(error) or tells_refusal(error, folder):
        raise error
    place = _find_author(error, space)
    if _is_out_of_memory(error):
        cause = Failure.OUT_OF_MEMORY
    elif stage == "build" and isinstance(error, ValueError):
        cause = Failure.INVALID_ARCHITECTURE
    elif stage != "training" or place:
        cause = Failure.SPACE_ERROR
    else:
        cause = Failure.TRAINING_ERROR
    logger.error("The trial failed (%s).", cause, exc_info=error)
    told = describe_error(error)
    return TrialEndedError("failed", cause, f"{told} ({place})" if place else told)


def _is_out_of_memory(error: Exception) -> bool:
    text = f"{type(error).__name__}: {error}"
    return isinstance(error, MemoryError) or any(sign in text for sign in _OUT_OF_MEMORY)


def _find_author(error: Exception, space: Any) -> str | None:
    """The innermost line of the space's author in an exception: `"nets/deep.py:12"`; None where there is none."""
    home = _find_home(space)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if home and Path(frame.filename).is_relative_to(home):
            return f"{Path(frame.filename).relative_to(home.parent)}:{frame.lineno}"
    return None


def _find_home(space: Any) -> Path | None:
    """The folder of the package a space's code is from, or its file where that is all."""
    written = space.wrapped if isinstance(space, WrapsCode) else space
    code = written if inspect.isclass(written) or inspect.isfunction(written) else type(written)
    package = sys.modules.get(code.__module__.partition(".")[0])
    # None where a folder without __init__.py is the package.
    file = getattr(package, "__file__", None)
    if package is imgcls_automl or file is None:
        return None
    path = Path(file)
    return path.parent if path.name == "__init__.py" else path
