"""All that `doctor` looks at, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imgcls_automl.errors import ImgclsError

Status = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one look came to.

    Attributes:
        name: Of what was looked at: `"backend"`, `"plugins"`.
        status: `"problem"` where something cannot be used.
        told: What was seen, in a line.
        advice: What to do; empty where all is well.
        error: Of a problem, the error that a search would end with.
    """

    name: str
    status: Status
    told: str
    advice: str = ""
    error: type[ImgclsError] | None = None


def run_checks(cache: Path, runs: Path, *, with_search: bool) -> Iterator[Check]:
    """Look at everything, the quickest first; each result comes as soon as it is there.

    Args:
        cache: Where decoded pictures are kept; need not exist.
        runs: Where run folders are made; need not exist.
        with_search: Whether to search for real, in a temporary folder.
    """
    from imgcls_automl.doctor import backend, machine, plugins, trial_search

    yield machine.check_versions()
    yield machine.check_terminal()
    yield machine.check_folder("cache", cache)
    yield machine.check_folder("runs", runs)
    yield from plugins.check_plugins()
    yield from backend.check_backend()
    if with_search:
        yield trial_search.check_search()
