"""What the child process of a check runs: it loads the plugin, then tries one promise after another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry
from imgcls_automl.errors import PluginError
from imgcls_automl.plugin_checks import CONTRACTS
from imgcls_automl.testing.promises import (
    BrokenPromiseError,
    EndlessError,
    NotCheckedError,
    list_promises,
)
from imgcls_automl.text import describe_error, describe_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from imgcls_automl.plugin_checks import PluginCheck, State


def serve(connection: Connection[Any, Any], check: PluginCheck) -> None:
    """Send a word when ready, then for the loading and for each promise its state, detail and whether it goes on."""
    connection.send("started")
    loaded: list[Any] = []
    state, detail, _ = _try(lambda: loaded.append(registry.load(check.info, check.options)))
    connection.send((state, detail, bool(loaded)))
    if not loaded:
        return
    (plugin,) = loaded
    example = (plugin, check.source) if check.info.group == registry.DATASETS else plugin
    contract = CONTRACTS[check.info.group]
    for name in list_promises(contract):
        connection.send(_try(partial(getattr(contract(), name), example)))


def _try(ask: Callable[[], object]) -> tuple[State, str, bool]:
    try:
        ask()
    except NotCheckedError as error:
        return "not checked", str(error), True
    except (BrokenPromiseError, PluginError) as error:
        return "broken", str(error), not isinstance(error, EndlessError)
    except (Exception, SystemExit) as error:
        return "broken", f"{describe_error(error)} ({describe_frame(error)})", True
    return "holds", "", True
