"""The data stage's child process: the straight line from an adapter to a `Dataset`."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from imgcls_automl import registry
from imgcls_automl.data import cache
from imgcls_automl.data.assigned import find_or_fold, find_or_label, find_or_split
from imgcls_automl.data.audit.audit import audit_set
from imgcls_automl.data.audit.examine import find_or_examine, select_pictures
from imgcls_automl.data.cache_use import using
from imgcls_automl.data.cached_sets import About, write_about
from imgcls_automl.data.checks import check_classes, check_splits, check_unreadable
from imgcls_automl.data.correcting import correct, read_corrections
from imgcls_automl.data.dataset import SPLITS, Dataset, IngestProgress
from imgcls_automl.data.decode_set import decode_set
from imgcls_automl.data.decoded import Contents
from imgcls_automl.data.describe_set import Parts, describe_dataset
from imgcls_automl.data.earlier import refuse_changed_data
from imgcls_automl.data.joining import join_readings
from imgcls_automl.data.messages import serve
from imgcls_automl.data.reading import Reading, ask_extent, ask_fingerprint, read_source
from imgcls_automl.data.records import write_records
from imgcls_automl.data.room import check_room_to_read, make_room_to_read
from imgcls_automl.data.spool import Spool
from imgcls_automl.errors import DatasetError
from imgcls_automl.files import tells_no_room

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.reading import Report
    from imgcls_automl.plugin import DatasetAdapter
    from imgcls_automl.registry import PluginInfo


_WAITING = IngestProgress(stage="waiting", done=0, total=None)


class Found(NamedTuple):
    """A decoded set: its key in the cache, what it holds, and whether it was there already."""

    key: str
    contents: Contents
    cached: bool


def answer(connection: Connection[Any, Any], request: DatasetRequest, folder: Path | None) -> None:
    """What the child process runs: send `IngestProgress`, and at last a `Dataset` or a failure.

    The adapter to use, and the reason for it, arrive once they are chosen: meanwhile this process starts.
    """

    def work(info: PluginInfo, reason: str, held: ExitStack) -> Dataset:
        return ingest(request, info, reason, folder, held=held, report=connection.send)

    serve(connection, work)


def ingest(
    request: DatasetRequest,
    info: PluginInfo,
    reason: str,
    folder: Path | None,
    *,
    held: ExitStack,
    report: Report,
) -> Dataset:
    """Read, decode, check and split a source, and write the run's `data/` folder.

    Nothing is written to `folder` unless all went well. Until `held` is closed, the decoded set stays
    where it is.

    Raises:
        DatasetError, PluginError, ConfigError: As the stages say.
    """
    started = time.monotonic()
    adapter = registry.load(info, request.options)
    corrections = read_corrections(request)
    found = find_or_decode(adapter, info, request, held, report)
    key = found.key
    check_unreadable(found.contents, request)
    corrected = correct(found.contents, corrections)
    contents = corrected.contents
    check_classes(contents, request)
    examination = select_pictures(find_or_examine(request.cache / key, report), corrected.kept)
    copies = examination.twins.sets
    splits_file, splits = find_or_split(request, key, corrected, copies)
    check_splits(contents, splits, needed=("train", "test") if request.folds else SPLITS)
    fold_file, folds = find_or_fold(request, key, corrected, splits, copies)
    audit = audit_set(contents, splits, examination)
    audit = replace(audit, remarks=[*corrected.remarks, *audit.remarks])
    parts = Parts(
        splits=splits,
        splits_file=folder / "splits.npy" if folder else splits_file,
        labels_file=find_or_label(request, key, corrected),
        folds=folds,
        fold_file=folder / "folds.npy" if folder and fold_file else fold_file,
    )
    dataset = describe_dataset(request, info, reason, found, corrected, audit, parts)
    if request.earlier is not None:
        refuse_changed_data(request.earlier, dataset)
    if folder:
        seconds = time.monotonic() - started
        write_records(
            folder,
            corrected,
            splits,
            folds,
            audit,
            dataset=dataset,
            request=request,
            seconds=seconds,
        )
    return dataset


def find_or_decode(
    adapter: DatasetAdapter,
    info: PluginInfo,
    request: DatasetRequest,
    held: ExitStack,
    report: Report,
) -> Found:
    """Find the set in the cache, or read and decode it into the cache.

    Raises:
        DatasetError, PluginError, ConfigError: As the stages say.
        NothingReadableError: Not one picture can be read.
    """
    cache.open_cache(request.cache)
    state = _ask_state(adapter, info, request)
    if state is not None:
        key = cache.key_of(request, adapter, info, state)
        contents = _find_and_hold(request.cache, key, held)
        if contents:
            return Found(key, contents, cached=True)
    try:
        return _read_and_decode(adapter, info, request, held, report, state)
    except OSError as error:
        if not tells_no_room(error):
            raise
        raise DatasetError(
            f"The disk of the cache folder {request.cache} is full.\n"
            "Free some space (imgcls-automl data cache clear), or use another disk: --cache-dir DIR"
        ) from error


def _read_and_decode(
    adapter: DatasetAdapter,
    info: PluginInfo,
    request: DatasetRequest,
    held: ExitStack,
    report: Report,
    state: str | None,
) -> Found:
    extents = [ask_extent(adapter, info, source) for source in _list_sources(request)]
    check_room_to_read(request.cache, extents, request.image_size)
    with Spool(request.cache, partial(make_room_to_read, request.cache)) as spool:
        reading = read_all(adapter, info, request, spool, report)
        key = cache.key_of(
            request, adapter, info, state or cache.fingerprint_reading(reading, spool)
        )
        with cache.locked(request.cache, key, lambda: report(_WAITING)):
            known = _find_and_hold(request.cache, key, held)
            if known:
                return Found(key, known, cached=True)
            with cache.building(request.cache, key) as folder:
                contents = decode_set(folder, reading, spool, request=request, report=report)
                if state != _ask_state(adapter, info, request):
                    raise DatasetError(
                        f"{request.described} changed while it was read.\nRun again once it rests."
                    )
                write_about(folder, _describe_set(request, info, contents))
                held.enter_context(using(folder))  # under its final name too
        return Found(key, contents, cached=False)


def _find_and_hold(folder: Path, key: str, held: ExitStack) -> Contents | None:
    """A decoded set if it is there and will stay there."""
    found = cache.find(folder, key)
    if found is None:
        return None
    try:
        held.enter_context(using(folder / key))
    except FileNotFoundError:  # another process removed it a moment ago
        return None
    return found


def _describe_set(request: DatasetRequest, info: PluginInfo, contents: Contents) -> About:
    return About(
        fingerprint=contents.fingerprint,
        data=request.described,
        test_data=request.test_data,
        adapter=info.name,
        pictures=len(contents.ids),
        image_shape=contents.image_shape,
        created=time.time(),
    )


def _ask_state(adapter: DatasetAdapter, info: PluginInfo, request: DatasetRequest) -> str | None:
    states = [ask_fingerprint(adapter, info, source) for source in _list_sources(request)]
    return None if None in states else repr(states)


def _list_sources(request: DatasetRequest) -> list[str]:
    return [*request.data, *([request.test_data] if request.test_data else [])]


def read_all(
    adapter: DatasetAdapter,
    info: PluginInfo,
    request: DatasetRequest,
    spool: Spool,
    report: Report,
) -> Reading:
    """Read all sources of a request, those of the test split included.

    Raises:
        DatasetError, BrokenPluginError: As `read_source` does.
    """
    reading = join_readings(
        request.data,
        [read_source(adapter, info, source, spool=spool, report=report) for source in request.data],
    )
    if request.test_data is None:
        return reading
    if any(sample.split == "test" for sample in reading.samples):
        raise DatasetError(
            f"{request.described} states a test split of its own, and --test-data names another.\n"
            "Leave --test-data out, or give only the training part of the source as --data."
        )
    test = read_source(adapter, info, request.test_data, spool=spool, report=report)
    # Ids are unique within a source only: two folders may both hold cats/1.jpg.
    taken = {item.id for item in reading.samples} | {item.id for item in reading.problems}
    given = {item.id for item in test.samples} | {item.id for item in test.problems}
    mark = "" if given.isdisjoint(taken) else "test:"
    return Reading(
        samples=reading.samples
        + [replace(it, id=f"{mark}{it.id}", split="test") for it in test.samples],
        problems=reading.problems + [replace(it, id=f"{mark}{it.id}") for it in test.problems],
        notes=reading.notes + [replace(it, id=f"test:{it.id}") for it in test.notes],
    )
