"""The data stage's child process: the straight line from an adapter to a `Dataset`."""

from __future__ import annotations

import errno
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl import registry
from imgcls_automl.data import cache
from imgcls_automl.data.audit.audit import audit_set
from imgcls_automl.data.audit.examine import find_or_examine, select_pictures
from imgcls_automl.data.checks import check_classes, check_splits, check_unreadable
from imgcls_automl.data.correcting import correct, read_corrections
from imgcls_automl.data.dataset import LEFT_OUT, NO_LABEL, Dataset
from imgcls_automl.data.decode_set import decode_set
from imgcls_automl.data.decoded import IMAGES, LABELS, Contents
from imgcls_automl.data.floors import compute_floors
from imgcls_automl.data.joining import join_readings
from imgcls_automl.data.messages import describe_failure
from imgcls_automl.data.reading import Reading, ask_fingerprint, read_source
from imgcls_automl.data.records import write_array, write_records
from imgcls_automl.data.splits import SCHEMA as SPLITS_SCHEMA
from imgcls_automl.data.splits import assign_splits
from imgcls_automl.data.spool import Spool
from imgcls_automl.errors import DatasetError
from imgcls_automl.plugin import ImageTask

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from imgcls_automl.data.correcting import Corrected
    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.reading import Report
    from imgcls_automl.plugin import DatasetAdapter
    from imgcls_automl.registry import PluginInfo


def answer(
    connection: Connection[Any, Any],
    request: DatasetRequest,
    info: PluginInfo,
    reason: str,
    folder: Path | None,
) -> None:
    """What the child process runs: send `IngestProgress`, and at last a `Dataset` or a failure."""
    try:
        connection.send(ingest(request, info, reason, folder, connection.send))
    except Exception as error:
        connection.send(describe_failure(error))


def ingest(
    request: DatasetRequest, info: PluginInfo, reason: str, folder: Path | None, report: Report
) -> Dataset:
    """Read, decode, check and split a source, and write the run's `data/` folder.

    Nothing is written to `folder` unless all went well.

    Raises:
        DatasetError, PluginError, ConfigError: As the stages say.
    """
    started = time.monotonic()
    adapter = registry.load(info, request.options)
    corrections = read_corrections(request)
    key, decoded, cached = _find_or_decode(adapter, info, request, report)
    check_unreadable(decoded, request.max_bad)
    corrected = correct(decoded, corrections)
    contents = corrected.contents
    check_classes(contents)
    examination = select_pictures(find_or_examine(request.cache / key, report), corrected.kept)
    splits_file, splits = _find_or_split(request, key, corrected, examination.twins.sets)
    check_splits(contents, splits)
    audit = audit_set(contents, splits, examination)
    audit = replace(audit, remarks=[*corrected.remarks, *audit.remarks])
    task = _describe_task(contents, splits)
    dataset = Dataset(
        task=task,
        images=request.cache / key / IMAGES,
        labels=_find_or_label(request, key, corrected),
        splits=folder / "splits.npy" if folder else splits_file,
        fingerprint=contents.fingerprint,
        split_sizes=_count_splits(splits),
        unreadable=len(contents.issues),
        adapter=info.name,
        plugin=info.origin,
        reason=reason,
        resize=request.resize,
        cached=cached,
        floor=compute_floors(task.class_counts, contents.labels[splits == 1]),
        remarks=tuple(audit.remarks),
        corrections=corrected.described,
    )
    if folder:
        seconds = time.monotonic() - started
        write_records(
            folder, corrected, splits, audit, dataset=dataset, request=request, seconds=seconds
        )
    return dataset


def _find_or_decode(
    adapter: DatasetAdapter, info: PluginInfo, request: DatasetRequest, report: Report
) -> tuple[str, Contents, bool]:
    """The set's key and contents, and whether it was there already."""
    cache.open_cache(request.cache)
    state = _ask_state(adapter, info, request)
    if state is not None:
        key = cache.key_of(request, adapter, info, state)
        found = cache.find(request.cache, key)
        if found:
            return key, found, True
    try:
        return _read_and_decode(adapter, info, request, report, state)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DatasetError(
            f"The disk of the cache folder {request.cache} is full.\n"
            "Free some space, or name another folder."
        ) from error


def _read_and_decode(
    adapter: DatasetAdapter,
    info: PluginInfo,
    request: DatasetRequest,
    report: Report,
    state: str | None,
) -> tuple[str, Contents, bool]:
    with Spool(request.cache) as spool:
        reading = _read_all(adapter, info, request, spool, report)
        if state != _ask_state(adapter, info, request):
            raise DatasetError(
                f"{request.described} changed while it was read.\nRun again once it rests."
            )
        state = state or cache.fingerprint_reading(reading, spool)
        key = cache.key_of(request, adapter, info, state)
        with cache.locked(request.cache, key):
            found = cache.find(request.cache, key)
            if found:
                return key, found, True
            with cache.building(request.cache, key) as folder:
                contents = decode_set(folder, reading, spool, request=request, report=report)
        return key, contents, False


def _ask_state(adapter: DatasetAdapter, info: PluginInfo, request: DatasetRequest) -> str | None:
    sources = [*request.data, *([request.test_data] if request.test_data else [])]
    states = [ask_fingerprint(adapter, info, source) for source in sources]
    return None if None in states else repr(states)


def _read_all(
    adapter: DatasetAdapter,
    info: PluginInfo,
    request: DatasetRequest,
    spool: Spool,
    report: Report,
) -> Reading:
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
    )


def _find_or_split(
    request: DatasetRequest, key: str, corrected: Corrected, copies: np.ndarray
) -> tuple[Path, np.ndarray]:
    """The splits of all decoded pictures as a file, and those of the pictures that are left.

    They are kept beside the set: grouping takes scikit-learn, a second to import.
    """
    path = request.cache / key / f"splits-{SPLITS_SCHEMA}-{request.seed}{corrected.mark}.npy"
    if not path.exists():
        splits = assign_splits(corrected.contents, request.seed, copies)
        write_array(path, corrected.spread(splits, LEFT_OUT))
    return path, np.load(path)[corrected.kept]


def _find_or_label(request: DatasetRequest, key: str, corrected: Corrected) -> Path:
    """The file of the labels: the set's own, or one beside it where the user's lists change them."""
    if not corrected.mark:
        return request.cache / key / LABELS
    path = request.cache / key / f"labels{corrected.mark}.npy"
    if not path.exists():
        write_array(path, corrected.spread(corrected.contents.labels, NO_LABEL))
    return path


def _describe_task(contents: Contents, splits: np.ndarray) -> ImageTask:
    counts = np.bincount(contents.labels[splits == 0], minlength=len(contents.class_names))
    return ImageTask(
        image_shape=contents.image_shape,
        class_names=contents.class_names,
        class_counts=tuple(int(count) for count in counts),
    )


def _count_splits(splits: np.ndarray) -> tuple[int, int, int]:
    train, validation, test = (
        int(count) for count in np.bincount(splits[splits != LEFT_OUT], minlength=3)
    )
    return train, validation, test
