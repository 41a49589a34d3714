"""What is to be predicted: which adapter reads a source, if any, and the pictures in it."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl import registry
from imgcls_automl.data.matching import MATCH_SECONDS, ask_adapters, choose_adapter
from imgcls_automl.errors import DatasetError
from imgcls_automl.results.picture_folders import (
    PICTURE_SUFFIXES,
    LeftOut,
    Picture,
    walk_pictures,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcls_automl.data.reading import Reading, Report, SpooledSample
    from imgcls_automl.data.spool import Spool
    from imgcls_automl.registry import PluginInfo

logger = logging.getLogger(__name__)

# A folder is searched for pictures, which takes no classes, unless an adapter knows it better than
# as class folders with or without splits, which match at 0.6 and 0.7.
_KNOWS_BETTER = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to read, and the adapter to read it with; without one it is a picture or a folder of pictures."""

    place: str
    adapter: PluginInfo | None


def choose_reader(
    place: str,
    options: Mapping[str, str],
    log: Path | None,
    *,
    adapter: str | None,
    used: str | None,
) -> Source:
    """Choose what reads a source.

    Args:
        place: What the user named.
        options: The adapter's keyword arguments.
        log: The file for what adapters print.
        adapter: The adapter for any source; None to choose.
        used: The adapter that the user named for the run; it may not be among the installed.

    Raises:
        DatasetError: There is no such file, and no adapter knows the name.
        ConfigError: Two adapters read it equally well.
        UnknownPluginError, DuplicatePluginError: `adapter` names none, or two.
    """
    info = _choose_adapter(place, options, log, used) if adapter is None else _find_adapter(adapter)
    return Source(place=place, adapter=info)


def _choose_adapter(
    place: str, options: Mapping[str, str], log: Path | None, used: str | None
) -> PluginInfo | None:
    # os.path, because pathlib raises on names that are too long for the file system, or hold a NUL.
    is_folder, is_file = os.path.isdir(place), os.path.isfile(place)  # noqa: PTH112, PTH113 - they never raise
    if not is_folder and place.lower().endswith(tuple(PICTURE_SUFFIXES)):
        if not os.path.exists(place):  # noqa: PTH110 - it never raises
            raise DatasetError(f"There is no file {place!r}.\nCheck the path, or its quotes.")
        return None
    if is_folder and not _matches(place, _all_adapters(), options, log, _KNOWS_BETTER):
        return None
    if used and not is_folder and adapter_of_run_reads(used, place, options, log):
        return _find_adapter(used)
    try:
        info, reason = choose_adapter(place, None, options, log)
    except DatasetError:
        if not is_file:
            raise
        return None  # a picture with no picture's suffix, or no picture at all: decoding will tell
    logger.info("Reading %r with %s (%s): %s", place, info.name, info.origin, reason)
    return info


def adapter_of_run_reads(
    used: str, place: str, options: Mapping[str, str], log: Path | None
) -> bool:
    """Whether the adapter that was named for a run reads another source, too.

    Raises:
        UnknownPluginError, DuplicatePluginError: `used` names none, or two.
    """
    return _matches(place, [_find_adapter(used)], options, log)


def _find_adapter(reference: str) -> PluginInfo:
    return registry.find(registry.DATASETS, reference)


def _all_adapters() -> list[PluginInfo]:
    return registry.discover(registry.DATASETS)


def _matches(
    place: str,
    plugins: list[PluginInfo],
    options: Mapping[str, str],
    log: Path | None,
    least: float = 0.0,
) -> bool:
    answers = ask_adapters(place, plugins, options, log, MATCH_SECONDS)
    return any(answer.score is not None and answer.score >= least for answer in answers)


def list_pictures(
    sources: Sequence[Source],
    options: Mapping[str, str],
    class_names: Sequence[str],
    spool: Spool,
    report: Report = lambda progress: None,
) -> tuple[list[Picture], list[LeftOut]]:
    """List the pictures of all sources, in their order, and what could not be read in them.

    Runs adapters: only for a child process. `report` is told now and then how far it is.

    Raises:
        DatasetError: A source holds nothing, or its adapter says what is wrong with it.
        BrokenPluginError: An adapter fails or breaks its contract.
    """
    pictures: list[Picture] = []
    problems: list[LeftOut] = []
    for source in sources:
        if source.adapter is not None:
            found, failed = _read_with_adapter(source.adapter, source.place, options, spool, report)
        elif Path(source.place).is_dir():
            found, failed = walk_pictures(source.place, frozenset(class_names), report)
        else:
            found, failed = [Picture(source.place, None, Path(source.place))], []
        pictures += found
        problems += failed
    spool.flush()
    return pictures, problems


def read_unlabelled(
    info: PluginInfo, place: str, options: Mapping[str, str], spool: Spool, report: Report
) -> Reading:
    """Read all of a source with its adapter; samples without a label will do.

    Raises:
        DatasetError: The adapter says what is wrong, there is nothing to read, or the temporary folder is full.
        BrokenPluginError: The adapter fails or breaks its contract.
    """
    from imgcls_automl.data.reading import read_source

    adapter = registry.load(info, options)
    try:
        return read_source(adapter, info, place, spool=spool, report=report, labelled=False)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DatasetError(
            f"The disk of the temporary folder {tempfile.gettempdir()} is full.\n"
            "Free some space, or set TMPDIR to another folder."
        ) from error


def _read_with_adapter(
    info: PluginInfo, place: str, options: Mapping[str, str], spool: Spool, report: Report
) -> tuple[list[Picture], list[LeftOut]]:
    reading = read_unlabelled(info, place, options, spool, report)
    samples = sorted(reading.samples, key=_place_in_source)
    pictures = [Picture(sample.id, sample.label, sample.picture) for sample in samples]
    return pictures, [LeftOut(problem.id, problem.detail) for problem in reading.problems]


def _place_in_source(sample: SpooledSample) -> int:
    # A reading is ordered by id, where row 10 comes before row 2; the spool has the source's order.
    return 0 if isinstance(sample.picture, Path) else sample.picture.offset
