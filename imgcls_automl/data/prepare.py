"""The dataset stage as the rest of a run calls it: nothing heavy, no plugin code in this process."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast

from imgcls_automl.data.cache_use import using
from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.joining import refuse_repeats
from imgcls_automl.data.kept_arrays import using_arrays
from imgcls_automl.data.matching import choose_common_adapter
from imgcls_automl.data.messages import unwrap
from imgcls_automl.errors import DatasetError
from imgcls_automl.processes import Child, ChildDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from imgcls_automl.data.dataset import Dataset, DatasetRequest
    from imgcls_automl.registry import PluginInfo

    OnProgress = Callable[[IngestProgress], None]

logger = logging.getLogger(__name__)

# bytes: glibc's allocator keeps what one picture needed for the next, rather than give it back and have it zeroed anew
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": 1 << 23, "MALLOC_TRIM_THRESHOLD_": 1 << 26}


@contextmanager
def opened_dataset(
    request: DatasetRequest,
    *,
    folder: Path | None,
    log: Path | None,
    on_progress: OnProgress | None = None,
) -> Iterator[Dataset]:
    """Prepare a data set as `prepare_dataset` does, and keep it from being removed while the block runs."""
    with ExitStack() as held:
        yield _prepare(request, folder, log, on_progress, held)


def prepare_dataset(
    request: DatasetRequest,
    *,
    folder: Path | None,
    log: Path | None,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Choose the adapter, then read, check, decode and split the pictures in a child process.

    Args:
        request: What the user asked for.
        folder: The run's `data/` folder, made and filled only if all goes well; None to write none.
        log: The file that gets what plugins print, and their tracebacks.
        on_progress: Called now and then while pictures are read, checked and decoded; not at all for
            a set that is found in the cache.

    Raises:
        DatasetError: The pictures, their labels or their splits will not do; the set does not fit; or the source
            gave nothing for too long.
        PluginError: The adapter is unknown, broken or of another version.
        ConfigError: Two adapters fit equally, sources are of several kinds, or the cache folder cannot be written.
    """
    with opened_dataset(request, folder=folder, log=log, on_progress=on_progress) as dataset:
        return dataset


def _prepare(
    request: DatasetRequest,
    folder: Path | None,
    log: Path | None,
    on_progress: OnProgress | None,
    held: ExitStack,
) -> Dataset:
    target = "imgcls_automl.data.ingest:answer"
    with answered(target, request, folder, log=log, on_progress=on_progress) as dataset:
        held.enter_context(using(dataset.images.parent))  # the child holds it until the block ends
    return cast("Dataset", dataset)


@contextmanager
def answered(
    target: str,
    request: DatasetRequest,
    *arguments: Any,
    log: Path | None,
    on_progress: OnProgress | None,
) -> Iterator[Any]:
    """Choose the adapter and have a child process do a piece of work with it; yield its answer.

    Args:
        target: What the child runs, `"package.module:function"`, called with its connection, the request and the
            arguments. See `messages.serve`.
        request: What the user asked for.
        arguments: Further ones; small picklable values.
        log: As in `prepare_dataset`.
        on_progress: As in `prepare_dataset`.

    Raises:
        ImgclsError: As `prepare_dataset` does.
    """
    sources = [*request.data, *([request.test_data] if request.test_data else [])]
    refuse_repeats(sources)
    with ExitStack() as held:
        held.enter_context(using_arrays(sources))
        # It starts, which takes a moment, while the adapter is chosen.
        environment = {name: os.environ.get(name, str(value)) for name, value in _ALLOCATOR.items()}
        child = Child(target, request, *arguments, log=log, environment=environment)
        held.callback(child.stop)
        info, reason = choose_common_adapter(request.data, request.adapter, request.options, log)
        logger.info(
            "Reading %r with %s (%s): %s", request.described, info.name, info.origin, reason
        )
        try:
            child.send((info, reason))
            answer = _await_answer(child, request, info, on_progress)
        except ChildDiedError as error:
            raise DatasetError(_describe_death(request, info, error)) from error
        yield answer


def _await_answer(
    child: Child, request: DatasetRequest, info: PluginInfo, on_progress: OnProgress | None
) -> Any:
    last: IngestProgress | None = None
    while True:
        try:
            message = unwrap(child.receive(request.read_timeout))
        except TimeoutError:
            raise DatasetError(_describe_standstill(request, info, last)) from None
        if not isinstance(message, IngestProgress):
            return message
        last = message
        if on_progress is not None:
            on_progress(message)


def _describe_standstill(
    request: DatasetRequest, info: PluginInfo, last: IngestProgress | None
) -> str:
    reached = f", after {last.done:,} pictures" if last and last.done else ""
    seconds = request.read_timeout or 0.0
    longer = f"--read-timeout {max(1, round(seconds / 6))}m"  # ten times as long
    if last is None or last.stage == "reading":
        return (
            f"The dataset adapter {info.name!r} ({info.origin}) has given nothing more of "
            f"{request.described!r} for {seconds:g} s{reached}.\n"
            f"If its disk or network is only slow, wait longer: {longer}. If not, it hangs, which is for "
            "its author to mend."
        )
    return (
        f"The pictures of {request.described!r} gave nothing more for {seconds:g} s while {last.stage}{reached}.\n"
        f"Check the disk or network they lie on; if it is only slow, wait longer: {longer}"
    )


def _describe_death(request: DatasetRequest, info: PluginInfo, error: ChildDiedError) -> str:
    return (
        f"The process that read {request.described!r} with the adapter {info.name!r} ({info.origin}) "
        f"{error}.\n"
        "If the machine ran out of memory, free some; if not, the log may tell what happened."
    )
