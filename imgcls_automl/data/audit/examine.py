"""What the pixels of a decoded set tell, kept beside them: found once, whatever splits are drawn later."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from imgcls_automl.data.audit.looks import Looks, keep_looks, select_looks
from imgcls_automl.data.audit.measure import measure_pictures
from imgcls_automl.data.audit.twins import Twins, find_twins, select_twins
from imgcls_automl.data.decoded import IMAGES
from imgcls_automl.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.data.reading import Report

logger = logging.getLogger(__name__)

SCHEMA = 3  # raise it whenever the same pictures would be judged, or described, differently


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examination:
    """What was seen in the pixels alone, without labels and splits."""

    twins: Twins
    looks: Looks


def find_or_examine(folder: Path, report: Report) -> Examination:
    """The examination of the decoded set in `folder`, made now if it is not there or damaged."""
    path = folder / f"examination-{SCHEMA}.npz"
    if path.exists():
        try:
            return _read(path)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            logger.warning("%s is damaged and is made anew: %s", path, error)
    examination = examine(np.load(folder / IMAGES, mmap_mode="r"), report)
    _write(path, examination)
    return examination


def examine(images: np.ndarray, report: Report) -> Examination:
    """Measure and compare uint8 pictures (N, H, W, C), which may be a memory map."""
    measures = measure_pictures(images, report)
    return Examination(twins=find_twins(images, measures, report), looks=keep_looks(measures))


def select_pictures(examination: Examination, places: np.ndarray) -> Examination:
    """What was seen in some of the pictures, at ascending places (M,), as though there were no others."""
    return Examination(
        twins=select_twins(examination.twins, places), looks=select_looks(examination.looks, places)
    )


def _write(path: Path, examination: Examination) -> None:
    arrays = {
        name: getattr(part, name)
        for part in (examination.twins, examination.looks)
        for name in part.__dataclass_fields__
    }
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def _read(path: Path) -> Examination:
    with np.load(path) as arrays:
        return Examination(
            twins=Twins(**{name: arrays[name] for name in Twins.__dataclass_fields__}),
            looks=Looks(**{name: arrays[name] for name in Looks.__dataclass_fields__}),
        )
