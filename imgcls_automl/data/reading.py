"""Everything an adapter yields, checked against the contract and spooled; runs plugin code."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.pace import Pace
from imgcls_automl.errors import BrokenPluginError, DatasetError, PluginError
from imgcls_automl.plugin import Extent, HasExtent, HasFingerprint, Problem, Sample
from imgcls_automl.text import describe_error, describe_frame

if TYPE_CHECKING:
    from imgcls_automl.data.spool import Reference, Spool
    from imgcls_automl.plugin import DatasetAdapter
    from imgcls_automl.registry import PluginInfo

logger = logging.getLogger(__name__)

Report = Callable[[IngestProgress], None]
_END = object()


@dataclass(frozen=True, slots=True)
class SpooledSample:
    """A `Sample` whose picture lies on disk."""

    id: str
    label: str | None
    split: str | None
    group: str | None
    picture: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that one source holds, ordered by id, so that the order of reading decides nothing.

    Attributes:
        samples: The pictures.
        problems: Pictures that cannot be had.
        notes: What the user is only told of: no picture is lost with it.
    """

    samples: list[SpooledSample]
    problems: list[Problem]
    notes: list[Problem]


def ask_fingerprint(adapter: DatasetAdapter, info: PluginInfo, source: str) -> str | None:
    """The adapter's own name for the state of a source; None where it has none to give."""
    if not isinstance(adapter, HasFingerprint):
        return None
    try:
        fingerprint = adapter.fingerprint(source)
    except Exception as error:
        _blame(info, error)
    if not isinstance(fingerprint, str):
        _break_contract(info, f"fingerprint() returned {fingerprint!r}, not a text")
    return str(fingerprint)


def ask_extent(adapter: DatasetAdapter, info: PluginInfo, source: str) -> Extent | None:
    """How much the adapter says that a source hands over; None where it does not say."""
    if not isinstance(adapter, HasExtent):
        return None
    try:
        extent = adapter.extent(source)
    except Exception as error:
        _blame(info, error)
    if extent is not None and not isinstance(extent, Extent):
        _break_contract(info, f"extent() returned {extent!r}, no Extent")
    return extent


def read_source(
    adapter: DatasetAdapter,
    info: PluginInfo,
    source: str,
    *,
    spool: Spool,
    report: Report,
    labelled: bool = True,
) -> Reading:
    """Read all of a source.

    Raises:
        DatasetError: The adapter's own; there is nothing to read; a sample has no label (`labelled`).
        BrokenPluginError: The adapter fails or breaks the contract of `imgcls_automl.plugin`.
    """
    samples: list[SpooledSample] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    ids: set[str] = set()
    pace = Pace()
    for item in _iterate(adapter, info, source):
        if not isinstance(item.id, str):
            _break_contract(info, f"it yields the id {item.id!r}, which is no text")
        if item.id in ids:
            _break_contract(info, f"it yields the id {item.id!r} twice")
        ids.add(item.id)
        if isinstance(item, Problem):
            told = Problem(id=str(item.id), detail=str(item.detail), lost=bool(item.lost))
            (problems if told.lost else notes).append(told)
        else:
            _check_sample(item, info, labelled)
            samples.append(_keep(item, spool))
        if pace.is_due():
            report(IngestProgress(stage="reading", done=len(ids), total=None))
    if not samples and not problems:
        raise DatasetError(f"{source} holds no pictures that the adapter {info.name!r} can read.")
    samples.sort(key=lambda sample: sample.id)
    for told_of in (problems, notes):
        told_of.sort(key=lambda problem: problem.id)
    return Reading(samples=samples, problems=problems, notes=notes)


def _iterate(adapter: DatasetAdapter, info: PluginInfo, source: str) -> Iterator[Sample | Problem]:
    # Only plugin code runs inside the try blocks: what fails elsewhere is not the plugin's fault.
    try:
        items = iter(adapter.read(source))
    except (Exception, SystemExit) as error:
        _blame(info, error)
    while True:
        try:
            item = next(items, _END)
        except (Exception, SystemExit) as error:
            _blame(info, error)
        if item is _END:
            return
        if not isinstance(item, (Sample, Problem)):
            _break_contract(info, f"read() yielded {type(item).__name__}, no Sample or Problem")
        yield item


def _check_sample(sample: Sample, info: PluginInfo, labelled: bool) -> None:
    if labelled and not sample.label:
        raise DatasetError(
            f"{sample.id!r} has no label, and without one nothing can be learned from it.\n"
            "Label it, or take it out of the data."
        )
    if sample.group is not None and not isinstance(sample.group, str):
        _break_contract(info, f"the group of {sample.id!r} is {sample.group!r}, not a text")
    fault = find_image_fault(sample.image)
    if fault:
        _break_contract(info, f"the image of {sample.id!r} is {fault}")


def find_image_fault(image: Any) -> str | None:
    """What is wrong with a `Sample.image`, told behind "it is": `"a list, not a Path, bytes or an array"`."""
    if isinstance(image, (Path, bytes)):
        return None
    if not isinstance(image, np.ndarray):
        return f"a {type(image).__name__}, not a Path, bytes or an array"
    if image.dtype not in (np.uint8, np.uint16):
        return f"an array of {image.dtype}, not of uint8 or uint16"
    channels = image.shape[2:] or (1,)
    if image.ndim not in (2, 3) or channels[0] not in (1, 3, 4) or image.size == 0:
        return f"an array of shape {image.shape}, not (H, W) or (H, W, 1|3|4)"
    return None


def _keep(sample: Sample, spool: Spool) -> SpooledSample:
    image = sample.image
    # str(): the search process cannot unpickle a plugin's own kind of text.
    place = _locate(image) if isinstance(image, Path) else None
    return SpooledSample(
        str(sample.id),
        None if sample.label is None else str(sample.label),
        None if sample.split is None else str(sample.split),
        None if sample.group is None else str(sample.group),
        spool.put(image) if place is None else place,
    )


def _locate(path: Path) -> Path:
    # Not Path.absolute(), which keeps "..", so that one file would have two names.
    absolute = os.path.abspath(path)  # noqa: PTH100
    return path if absolute == str(path) else Path(absolute)  # to make a Path takes a while


def _blame(info: PluginInfo, error: BaseException) -> NoReturn:
    if isinstance(error, (DatasetError, PluginError)):
        raise error
    logger.error("The dataset adapter %r (%s) failed", info.name, info.origin, exc_info=error)
    # Its place is said here because a run that never began takes its log away again.
    raise BrokenPluginError(
        f"The dataset adapter {info.name!r} ({info.origin}) failed: {describe_error(error)}\n"
        f"This is for its author to mend; it happened in {describe_frame(error)}."
    ) from error


def _break_contract(info: PluginInfo, fault: str) -> NoReturn:
    raise BrokenPluginError(
        f"The dataset adapter {info.name!r} ({info.origin}) breaks its contract: {fault}.\n"
        "This is for its author to mend; imgcls_automl.plugin says what a sample is."
    )
