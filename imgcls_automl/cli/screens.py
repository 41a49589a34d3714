"""What a search shows while it runs: a live screen on a terminal, plain lines elsewhere, or nothing. All on stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType


class Screen(Protocol):
    """Shows events of a run."""

    def observe(self, event: Any) -> None:
        """Show an event of `imgcls_automl.events`, or a worker's message."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def choose_screen(*, quiet: bool) -> Screen:
    """Choose what suits stderr: nothing is drawn on a terminal that cannot move its cursor."""
    if quiet or sys.stderr is None:
        return Silence()
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        from imgcls_automl.cli.live_screen import LiveScreen

        return LiveScreen()
    from imgcls_automl.cli.plain_lines import PlainLines

    return PlainLines()


class Silence:
    """Shows nothing."""

    def observe(self, event: Any) -> None:
        """Show nothing of the event."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None
