"""Loading plugins to see whether they can be: each in a child process of its own, within a time limit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry
from imgcls_automl.errors import ImgclsError
from imgcls_automl.plugin import API_VERSION
from imgcls_automl.processes import Child, ChildDiedError
from imgcls_automl.text import describe_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

    from imgcls_automl.registry import PluginInfo

LOAD_SECONDS = 5.0  # for the import and the making of one plugin, as matching allows
START_SECONDS = 60.0  # for a Python to start on a busy machine; no plugin's fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What loading one plugin came to.

    Attributes:
        cause: Why it cannot be used; empty where it can.
        api_version: Of the plugin API that it was written for; None where it could not be made.
        seconds: Its import and making took; None where it never ended.
    """

    cause: str = ""
    api_version: int | None = None
    seconds: float | None = None


def try_loading(
    info: PluginInfo, options: Mapping[str, str], seconds: float = LOAD_SECONDS
) -> Loaded:
    """Load a plugin in a child process; whatever it does there, this returns in time."""
    child = Child("imgcls_automl.plugin_loading:answer_loading", info, dict(options))
    try:
        child.receive(START_SECONDS)
        return child.receive(seconds)  # type: ignore[no-any-return]  # what answer_loading sends
    except TimeoutError:
        return Loaded(cause=f"its import does not end: stopped after {seconds:g} s")
    except ChildDiedError as error:
        return Loaded(cause=f"its import ends the process, which {error}")
    finally:
        child.stop()


def answer_loading(
    connection: Connection[Any, Any], info: PluginInfo, options: Mapping[str, str]
) -> None:
    """What the child process runs: a word when it is ready, then what loading came to."""
    connection.send("started")
    connection.send(_load(info, options))


def _load(info: PluginInfo, options: Mapping[str, str]) -> Loaded:
    begun = time.perf_counter()
    try:
        plugin = registry.load(info, options)
    except (Exception, SystemExit) as error:
        cause = str(error) if isinstance(error, ImgclsError) else describe_error(error)
        return Loaded(cause=" ".join(cause.split()), seconds=time.perf_counter() - begun)
    return Loaded(
        api_version=getattr(plugin, "api_version", API_VERSION),
        seconds=time.perf_counter() - begun,
    )
