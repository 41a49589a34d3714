"""Checking one plugin against its contract: in a child process, promise by promise, each within a time limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from imgcls_automl.plugin_loading import LOAD_SECONDS, START_SECONDS
from imgcls_automl.processes import Child, ChildDiedError
from imgcls_automl.registry import DATASETS, SEARCH_SPACES, PluginInfo
from imgcls_automl.testing import DatasetAdapterContract, SearchSpaceContract
from imgcls_automl.testing.promises import list_promises

if TYPE_CHECKING:
    from collections.abc import Iterator


PROMISE_SECONDS = 300.0  # networks are built and trained meanwhile, on a machine that may be busy

CONTRACTS: dict[str, type] = {DATASETS: DatasetAdapterContract, SEARCH_SPACES: SearchSpaceContract}
LOADS = "loads"

State = Literal["holds", "broken", "not checked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCheck:
    """What to check.

    Attributes:
        info: The plugin; its group says as what.
        options: Its keyword arguments.
        source: What a dataset adapter reads; None leaves out what needs one.
    """

    info: PluginInfo
    options: dict[str, str]
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of one promise.

    Attributes:
        name: Of its test in the contract; `"loads"` for the import that comes before all others.
        promise: In words.
        state: Whether it holds.
        detail: Where it does not, what was seen and what to change; or why it was not checked.
    """

    name: str
    promise: str
    state: State
    detail: str = ""


def check_plugin(
    check: PluginCheck,
    *,
    load_seconds: float = LOAD_SECONDS,
    promise_seconds: float = PROMISE_SECONDS,
) -> Iterator[Finding]:
    """Yield what comes of each promise, in the contract's order, as it comes.

    After an import that fails, a hang or a crash nothing more is asked.

    Args:
        check: The plugin, and what to give it.
        load_seconds: For its import and making.
        promise_seconds: For each promise.
    """
    promises = {LOADS: "It can be imported and made.", **list_promises(CONTRACTS[check.info.group])}
    child = Child("imgcls_automl.testing.checking:serve", check)
    stopped_by = ""
    try:
        child.receive(START_SECONDS)
        for name, promise in promises.items():
            if stopped_by:
                detail = f"nothing is asked after {stopped_by!r} did not hold"
                yield Finding(name=name, promise=promise, state="not checked", detail=detail)
                continue
            state, detail, goes_on = _wait_for(
                child, load_seconds if name == LOADS else promise_seconds
            )
            yield Finding(name=name, promise=promise, state=state, detail=detail)
            if not goes_on:
                stopped_by = name
    finally:
        child.stop()


def _wait_for(child: Child, seconds: float) -> tuple[State, str, bool]:
    """What the child says of the next promise, and whether it can be asked for more."""
    try:
        return child.receive(seconds)  # type: ignore[no-any-return]  # what serve sends
    except TimeoutError:
        return (
            "broken",
            f"It does not end: stopped after {seconds:g} s.\nLet it come to an end.",
            False,
        )
    except ChildDiedError as error:
        change = "Raise an exception instead of ending the process (os._exit, a native crash)."
        return "broken", f"It ends the process, which {error}.\n{change}", False
