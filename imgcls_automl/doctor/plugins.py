"""Whether each installed plugin can be loaded: tried in child processes, a few at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from imgcls_automl.doctor.checks import Check
from imgcls_automl.errors import BrokenPluginError, DuplicatePluginError
from imgcls_automl.plugin_filter import VARIABLE
from imgcls_automl.plugin_loading import try_loading
from imgcls_automl.registry import DATASETS, SEARCH_SPACES, survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_automl.plugin_loading import Loaded
    from imgcls_automl.registry import PluginInfo, Status

AT_A_TIME = 4
LOAD_SECONDS = 20.0  # each; more than a command grants, for several start at once


def check_plugins() -> Iterator[Check]:
    """One check of all that work, by package, and one of each that does not."""
    found = [pair for group in (SEARCH_SPACES, DATASETS) for pair in survey(group)]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        loaded = pool.map(_load, found)
        results = list(zip(found, loaded, strict=True))
    working: dict[str, list[str]] = {}
    for (info, status), result in results:
        if status == "ok" and result is not None and not result.cause:
            working.setdefault(info.origin, []).append(info.name)
    for origin, names in working.items():
        yield Check(name="plugins", status="ok", told=f"{origin}: {', '.join(names)}")
    for (info, status), result in results:
        check = _judge(info, status, result.cause if result else "")
        if check is not None:
            yield check


def _load(found: tuple[PluginInfo, Status]) -> Loaded | None:
    info, status = found
    return None if status == "blocked" else try_loading(info, {}, LOAD_SECONDS)


def _judge(info: PluginInfo, status: Status, cause: str) -> Check | None:
    name = f"{info.kind} {info.name} ({info.origin})"
    if cause:
        return Check(
            name="plugins",
            status="problem",
            told=f"{name}: {cause}",
            advice=f"upgrade {info.distribution}, uninstall it, or leave it out: {VARIABLE}=-{info.name}",
            error=BrokenPluginError,
        )
    if status == "duplicate":
        return Check(
            name="plugins",
            status="problem",
            told=f"{name}: another package registers that name, too",
            advice=f"uninstall one, or block one: {VARIABLE}=-{info.distribution}",
            error=DuplicatePluginError,
        )
    if status == "blocked":
        return Check(name="plugins", status="ok", told=f"{name}: left out by {VARIABLE}")
    return None
