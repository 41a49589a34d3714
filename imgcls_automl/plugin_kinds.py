"""Which plugin a name means where its kind is not said; a class is looked at in a child process."""

from __future__ import annotations

import difflib
from itertools import chain
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry
from imgcls_automl.errors import BrokenPluginError, ConfigError, PluginError, UnknownPluginError
from imgcls_automl.plugin_loading import LOAD_SECONDS, START_SECONDS
from imgcls_automl.processes import Child, ChildDiedError
from imgcls_automl.registry import DATASETS, EXECUTORS, SEARCH_SPACES, PluginInfo
from imgcls_automl.text import describe_error

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

KINDS = {"dataset": DATASETS, "space": SEARCH_SPACES}


def find_plugin(reference: str, kind: str | None) -> PluginInfo:
    """Find a plugin of either kind.

    Args:
        reference: As for `registry.find`.
        kind: `"dataset"`, `"space"`, or None where the name or the class tells.

    Raises:
        ConfigError: It might be either, or is an executor.
        PluginError: As `registry.find`; or a class that cannot be imported.
    """
    if kind is not None:
        return registry.find(KINDS[kind], reference)
    groups = _ask_groups(reference) if ":" in reference else _find_groups(reference)
    if len(groups) > 1:
        raise ConfigError(
            f"{reference!r} may be a dataset adapter or a search space.\n"
            "Say which is meant: --kind dataset, or --kind space"
        )
    return registry.find(groups[0], reference)


def answer_groups(connection: Connection[Any, Any], reference: str) -> None:
    """What the child process runs: a word when it is ready, then the groups a class may belong to."""
    connection.send("started")
    info = PluginInfo(name=reference, group=SEARCH_SPACES, value=reference)
    try:
        found = registry.import_class(info)
    except PluginError as error:
        cause = error.__cause__
        connection.send(str(error) if cause is None else describe_error(cause))
        return
    reads, suggests = (hasattr(found, name) for name in ("read", "suggest"))
    # What is neither becomes a space when it is made, or is told what it lacks.
    connection.send([DATASETS] * reads + [SEARCH_SPACES] * (suggests or not reads))


def _find_groups(name: str) -> list[str]:
    names = {
        group: [info.name for info in registry.discover_all(group)] for group in KINDS.values()
    }
    groups = [group for group, known in names.items() if name in known]
    if not groups and any(info.name == name for info in registry.discover_all(EXECUTORS)):
        raise ConfigError(
            f"{name!r} is an executor: that kind of plugin is provisional and has no contract yet.\n"
            "Whether it can be imported is told by: imgcls-automl plugins list --load"
        )
    if not groups:
        near = difflib.get_close_matches(name, chain(*names.values()), n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownPluginError(
            f"There is no plugin called {name!r}.{guess}\n"
            "See imgcls-automl plugins list, or name a class: path/to/file.py:Name"
        )
    return groups


def _ask_groups(reference: str) -> list[str]:
    child = Child("imgcls_automl.plugin_kinds:answer_groups", reference)
    try:
        child.receive(START_SECONDS)
        answer = child.receive(LOAD_SECONDS)
    except TimeoutError:
        answer = f"its import does not end: stopped after {LOAD_SECONDS:g} s"
    except ChildDiedError as error:
        answer = f"its import ends the process, which {error}"
    finally:
        child.stop()
    if isinstance(answer, str):
        raise BrokenPluginError(f"{reference!r} cannot be imported: {answer}.")
    return list(answer)
