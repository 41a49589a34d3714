"""The dataset stage as the rest of a run calls it: nothing heavy, no plugin code in this process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from imgcls_automl.data.dataset import Dataset, IngestProgress
from imgcls_automl.data.joining import refuse_repeats
from imgcls_automl.data.matching import choose_common_adapter
from imgcls_automl.data.messages import unwrap
from imgcls_automl.errors import DatasetError
from imgcls_automl.processes import Child, ChildDiedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.registry import PluginInfo

logger = logging.getLogger(__name__)


def prepare_dataset(
    request: DatasetRequest,
    *,
    folder: Path | None,
    log: Path | None,
    on_progress: Callable[[IngestProgress], None] | None = None,
) -> Dataset:
    """Choose the adapter, then read, check, decode and split the pictures in a child process.

    Args:
        request: What the user asked for.
        folder: The run's `data/` folder, made and filled only if all goes well; None to write none.
        log: The file that gets what plugins print, and their tracebacks.
        on_progress: Called now and then while pictures are read, checked and decoded; not at all for
            a set that is found in the cache.

    Raises:
        DatasetError: The pictures, their labels or their splits will not do.
        PluginError: The adapter is unknown, broken or of another version.
        ConfigError: Two adapters fit equally, sources are of several kinds, or the cache folder cannot be written.
    """
    refuse_repeats([*request.data, *([request.test_data] if request.test_data else [])])
    info, reason = choose_common_adapter(request.data, request.adapter, request.options, log)
    logger.info("Reading %r with %s (%s): %s", request.described, info.name, info.origin, reason)
    child = Child("imgcls_automl.data.ingest:answer", request, info, reason, folder, log=log)
    try:
        return _await_dataset(child, on_progress)
    except ChildDiedError as error:
        raise DatasetError(_describe_death(request, info, error)) from error
    finally:
        child.stop()


def _await_dataset(child: Child, on_progress: Callable[[IngestProgress], None] | None) -> Dataset:
    while True:
        message = unwrap(child.receive())
        if isinstance(message, Dataset):
            return message
        if on_progress is not None:
            on_progress(message)


def _describe_death(request: DatasetRequest, info: PluginInfo, error: ChildDiedError) -> str:
    return (
        f"The process that read {request.described!r} with the adapter {info.name!r} ({info.origin}) "
        f"{error}.\n"
        "If the machine ran out of memory, free some; if not, the log may tell what happened."
    )
