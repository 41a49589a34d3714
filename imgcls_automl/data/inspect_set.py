"""An inspection's child process: the straight line from an adapter to an `Inspection`; runs plugin code."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl import registry
from imgcls_automl.data.assigned import find_or_fold, find_or_label, find_or_split
from imgcls_automl.data.audit.audit import audit_set
from imgcls_automl.data.audit.examine import find_or_examine
from imgcls_automl.data.checks import check_classes, check_splits, check_unreadable
from imgcls_automl.data.correcting import Corrections, correct
from imgcls_automl.data.dataset import SPLITS
from imgcls_automl.data.decode_set import NothingReadableError
from imgcls_automl.data.describe_set import Parts, describe_dataset
from imgcls_automl.data.ingest import find_or_decode
from imgcls_automl.data.inspection import Inspection
from imgcls_automl.data.messages import serve
from imgcls_automl.data.records import summarise, summarise_unreadable, write_array
from imgcls_automl.data.sights import choose_sights
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from multiprocessing.connection import Connection
    from pathlib import Path

    from imgcls_automl.data.correcting import Corrected
    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.reading import Report
    from imgcls_automl.registry import PluginInfo


def answer(connection: Connection[Any, Any], request: DatasetRequest) -> None:
    """What the child process runs: send `IngestProgress`, and at last an `Inspection` or a failure."""

    def work(info: PluginInfo, reason: str, held: ExitStack) -> Inspection:
        return inspect_set(request, info, reason, held=held, report=connection.send)

    serve(connection, work)


def inspect_set(
    request: DatasetRequest, info: PluginInfo, reason: str, *, held: ExitStack, report: Report
) -> Inspection:
    """Read, decode and judge a source, whatever is wrong with its pictures.

    Raises:
        DatasetError, PluginError, ConfigError: As the stages say; not for pictures, classes or splits.
    """
    started = time.monotonic()
    adapter = registry.load(info, request.options)
    try:
        found = find_or_decode(adapter, info, replace(request, max_bad=sys.maxsize), held, report)
    except NothingReadableError as error:
        return _describe_nothing(request, info, reason, error)
    corrected = correct(found.contents, Corrections(exclude=(), relabel=()))
    contents = corrected.contents
    examination = find_or_examine(request.cache / found.key, report)
    refusals: list[str] = []
    _note(refusals, request, lambda: check_unreadable(contents, request))
    _note(refusals, request, lambda: check_classes(contents, request))
    splits_file, splits = _split(request, found.key, corrected, examination.twins.sets, refusals)
    needed = ("train", "test") if request.folds else SPLITS
    _note(refusals, request, lambda: check_splits(contents, splits, needed=needed))
    fold_file, folds = _fold(
        request, found.key, corrected, splits, examination.twins.sets, refusals
    )
    audit = audit_set(contents, splits, examination)
    dataset = describe_dataset(
        request,
        info,
        reason,
        found,
        corrected,
        audit,
        Parts(
            splits=splits,
            splits_file=splits_file,
            labels_file=find_or_label(request, found.key, corrected),
            folds=folds,
            fold_file=fold_file,
        ),
    )
    seconds = time.monotonic() - started
    return Inspection(
        summary=summarise(
            corrected, splits, folds, audit, dataset=dataset, request=request, seconds=seconds
        ),
        unreadable=tuple(contents.issues),
        findings=(*contents.notes, *audit.issues),
        refusal=refusals[0] if refusals else None,
        sights=choose_sights(contents, splits, examination, audit.issues),
        dataset=dataset,
    )


def _note(refusals: list[str], request: DatasetRequest, check: Callable[[], None]) -> None:
    try:
        check()
    except DatasetError as error:
        lines = str(error).splitlines()
        # Whoever reads this need not be told to inspect the data.
        refusals.append("\n".join(line for line in lines if request.inspect_command not in line))


def _split(
    request: DatasetRequest,
    key: str,
    corrected: Corrected,
    copies: np.ndarray,
    refusals: list[str],
) -> tuple[Path, np.ndarray]:
    """The splits of a search; where it would have none, for its groups are too few, those that the source states."""
    try:
        return find_or_split(request, key, corrected, copies)
    except DatasetError as error:
        refusals.append(str(error))
    codes = {name: code for code, name in enumerate(SPLITS)}
    splits = np.array(
        [codes[stated or SPLITS[0]] for stated in corrected.contents.stated], dtype=np.uint8
    )
    path = request.cache / key / "splits-stated.npy"
    write_array(path, splits)
    return path, splits


def _fold(
    request: DatasetRequest,
    key: str,
    corrected: Corrected,
    splits: np.ndarray,
    copies: np.ndarray,
    refusals: list[str],
) -> tuple[Path, np.ndarray] | tuple[None, None]:
    """The folds of a search; none where none were asked for, or where it would have none."""
    try:
        if not (splits == SPLITS.index("train")).any():  # which was noted already
            return None, None
        return find_or_fold(request, key, corrected, splits, copies)
    except DatasetError as error:
        refusals.append(str(error))
    return None, None


def _describe_nothing(
    request: DatasetRequest, info: PluginInfo, reason: str, error: NothingReadableError
) -> Inspection:
    return Inspection(
        summary=summarise_unreadable(request, info, reason, len(error.issues)),
        unreadable=tuple(error.issues),
        findings=(),
        refusal=str(error),
        sights=None,
        dataset=None,
    )
