"""What a search space is: its parameters, baselines and first network, asked in a child process that runs its code."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.processes import Child, ChildDiedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.plugin import ImageTask, Scalar
    from imgcls_automl.registry import PluginInfo

ANSWER_SECONDS = 180.0  # to load a framework on a busy machine, draw, and build a few networks


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One thing that the space draws.

    Attributes:
        name: As in the study.
        kind: `"float"`, `"int"` or `"categorical"`.
        low: The lowest value of any draw; None for a categorical one.
        high: The highest.
        step: Between values; None where there is none.
        log: Whether it is drawn on a logarithmic scale.
        choices: Of a categorical one.
        condition: When it is drawn: `"blocks >= 2"`, `"in 37% of draws"`; empty where always.
    """

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    choices: tuple[Scalar | None, ...] = ()
    condition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer of a network: its output's shape without the batch, and how many weights it has."""

    name: str
    kind: str
    shape: str
    weights: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A known-good point of a space, and the weights of its network."""

    parameters: Mapping[str, Scalar]
    weights: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceOutline:
    """A search space as it shows itself for one kind of pictures.

    Attributes:
        about: The first paragraph of its docstring.
        api_version: Of the plugin API that it was written for.
        parameters: In the order in which they are drawn.
        draws: How many draws told that.
        infeasible: How many of them the space itself refused.
        baselines: In the order in which they are tried.
        layers: Of the first baseline's network, or of the first draw's where there are no baselines.
        weights: Of that network.
    """

    about: str
    api_version: int
    parameters: tuple[Parameter, ...]
    draws: int
    infeasible: int
    baselines: tuple[Baseline, ...]
    layers: tuple[Layer, ...]
    weights: int

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)


def outline_space(
    info: PluginInfo, options: Mapping[str, str], task: ImageTask, seconds: float = ANSWER_SECONDS
) -> SpaceOutline:
    """Have a child process load a space, draw from it and build its baselines.

    Raises:
        PluginError: It is broken, or does not answer in time.
    """
    from imgcls_automl.training.backend import worker_environment

    child = Child(
        "imgcls_automl.training.space_tracing:answer_outline",
        info,
        dict(options),
        task,
        environment=worker_environment(device="cpu", threads=2),
    )
    broken = f"The search space {info.name!r} ({info.origin})"
    try:
        answer = child.receive(seconds)
    except TimeoutError:
        raise BrokenPluginError(
            f"{broken} did not show itself within {seconds:.0f} s: its import, suggest() or build() does not end.\n"
            "This is for its author to mend."
        ) from None
    except ChildDiedError as error:
        raise BrokenPluginError(
            f"{broken} ended the process that ran it, which {error}.\nThis is for its author to mend."
        ) from None
    finally:
        child.stop()
    if isinstance(answer, Exception):
        raise answer
    return answer  # type: ignore[no-any-return]  # what answer_outline sends
