"""Which files of a source cannot be read: looked for in a child process, which runs plugin code, as for a search."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.data.prepare import answered

if TYPE_CHECKING:
    from contextlib import ExitStack
    from multiprocessing.connection import Connection

    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.decoded import Issue
    from imgcls_automl.data.prepare import OnProgress
    from imgcls_automl.data.reading import Report
    from imgcls_automl.registry import PluginInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableFile:
    """A picture in a file of its own, an absolute path, and why it cannot be read."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """What cannot be read: files, and other things (rows, folders, foreign formats)."""

    files: tuple[UnreadableFile, ...]
    others: int


def find_unreadable(
    request: DatasetRequest, *, log: Path | None = None, on_progress: OnProgress | None = None
) -> Unreadable:
    """Look for all pictures of a source that cannot be read, in parallel, however many there are.

    Raises:
        ImgclsError: As `prepare_dataset` does, but not for pictures, classes or splits.
    """
    target = "imgcls_automl.data.unreadable_files:answer"
    with answered(target, request, log=log, on_progress=on_progress) as unreadable:
        found: Unreadable = unreadable
        return found


def answer(connection: Connection[Any, Any], request: DatasetRequest) -> None:
    """What the child process runs: send `IngestProgress`, and at last `Unreadable` or a failure."""
    from imgcls_automl.data.messages import serve

    def work(info: PluginInfo, reason: str, held: ExitStack) -> Unreadable:
        patient = replace(request, max_bad=sys.maxsize)
        return _find(patient, info, held, connection.send)

    serve(connection, work)


def _find(request: DatasetRequest, info: PluginInfo, held: ExitStack, report: Report) -> Unreadable:
    from imgcls_automl import registry
    from imgcls_automl.data.decode_set import NothingReadableError
    from imgcls_automl.data.ingest import find_or_decode, read_all
    from imgcls_automl.data.room import make_room_to_read
    from imgcls_automl.data.spool import Spool

    adapter = registry.load(info, request.options)
    try:
        issues = find_or_decode(adapter, info, request, held, report).contents.issues
    except NothingReadableError as error:
        issues = error.issues
    if not issues:
        return Unreadable(files=(), others=0)
    # Once more, because a decoded set knows its pictures by their ids only.
    with Spool(request.cache, partial(make_room_to_read, request.cache)) as spool:
        reading = read_all(adapter, info, request, spool, report)
    places = {sample.id: sample.picture for sample in reading.samples}
    return _tell_files_apart(issues, places)


def _tell_files_apart(issues: list[Issue], places: dict[str, Any]) -> Unreadable:
    files = [
        UnreadableFile(path=places[issue.id], reason=issue.detail)
        for issue in issues
        if isinstance(places.get(issue.id), Path)
    ]
    return Unreadable(files=tuple(files), others=len(issues) - len(files))
