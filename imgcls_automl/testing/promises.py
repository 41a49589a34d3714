"""How a contract says that a promise is broken, and what its promises are."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import API_VERSION
from imgcls_automl.text import describe_error, describe_frame

if TYPE_CHECKING:
    from collections.abc import Iterator


class BrokenPromiseError(AssertionError):
    """A plugin breaks a promise; the text says what was seen, and on its last line what to change."""


class EndlessError(BrokenPromiseError):
    """A plugin does not come to an end, and would not for the next promise either."""


class NotCheckedError(Exception):
    """A promise cannot be looked at; the text says what is missing."""


def require(holds: object, seen: str, change: str) -> None:
    """Break the promise at hand unless it holds.

    Args:
        holds: Whether it does.
        seen: What was seen instead, for someone who does not know this code.
        change: What to change.

    Raises:
        BrokenPromiseError: It does not.
    """
    __tracebackhide__ = True  # pytest then shows the author's frames only
    if not holds:
        raise BrokenPromiseError(f"{seen}\n{change}")


@contextmanager
def blaming(call: str, change: str) -> Iterator[None]:
    """Tell what plugin code raises as a broken promise: `build({...}) raised KeyError...`."""
    __tracebackhide__ = True
    try:
        yield
    except BrokenPromiseError:
        raise
    except (Exception, SystemExit) as error:
        raise BrokenPromiseError(
            f"{call} raised {describe_error(error)} ({describe_frame(error)}).\n{change}"
        ) from error


def require_methods(plugin: Any, **parameters: tuple[str, ...]) -> None:
    """Require methods that can be called with these positional arguments, and an API version that is spoken here."""
    __tracebackhide__ = True
    name = type(plugin).__name__
    for method, arguments in parameters.items():
        wanted = f"{method}({', '.join(arguments)})"
        found = getattr(plugin, method, None)
        require(callable(found), f"{name} has no method {wanted}.", f"Write it: def {method}(...)")
        signature = inspect.signature(found)  # type: ignore[arg-type]  # callable, as required
        try:
            signature.bind(*arguments)
        except TypeError as error:
            raise BrokenPromiseError(
                f"{name}.{method}{signature} cannot be called as {wanted}: {error}.\n"
                f"Change it to def {method}(self, {', '.join(arguments)})."
            ) from error
    version = getattr(plugin, "api_version", API_VERSION)
    require(
        version == API_VERSION,
        f"{name}.api_version is {version!r}, but this imgcls-automl speaks {API_VERSION}.",
        f"Set api_version = {API_VERSION}, or install an imgcls-automl that speaks {version!r}.",
    )


def list_promises(contract: type) -> dict[str, str]:
    """Map the names of a contract's tests, in their order, to the promises they make."""
    return {
        name: inspect.cleandoc(test.__doc__ or "").partition("\n")[0]
        for name, test in vars(contract).items()
        if name.startswith("test_")
    }
