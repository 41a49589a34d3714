"""Splits, folds and labels of a set's pictures, made once and kept beside the pixels.

A file has a value for every decoded picture. Those that hold for a user's lists only say so in their names, and have
gaps at the excluded pictures' places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.dataset import LEFT_OUT, NO_LABEL
from imgcls_automl.data.decoded import LABELS
from imgcls_automl.data.folds import NO_FOLD, assign_folds
from imgcls_automl.data.folds import SCHEMA as FOLDS_SCHEMA
from imgcls_automl.data.recorded import find_recorded
from imgcls_automl.data.records import write_array
from imgcls_automl.data.splits import SCHEMA as SPLITS_SCHEMA
from imgcls_automl.data.splits import assign_splits

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.data.correcting import Corrected
    from imgcls_automl.data.dataset import DatasetRequest


def find_or_split(
    request: DatasetRequest, key: str, corrected: Corrected, copies: np.ndarray
) -> tuple[Path, np.ndarray]:
    """The file of the splits, and those of the pictures that are left (M,).

    Found rather than made where it can be: grouping takes scikit-learn, a second to import.
    """
    without = "-folded" if request.folds else ""  # no validation split is drawn then
    name = (
        f"splits-{SPLITS_SCHEMA}-{request.seed}{_test_mark(request)}{without}{corrected.mark}.npy"
    )
    path = find_recorded(request, corrected, "splits.npy") or request.cache / key / name
    if not path.exists():
        splits = assign_splits(
            corrected.contents,
            request.seed,
            copies,
            validates=not request.folds,
            test_share=request.test_share,
        )
        write_array(path, corrected.spread(splits, LEFT_OUT))
    return path, np.load(path)[corrected.kept]


def find_or_fold(
    request: DatasetRequest, key: str, corrected: Corrected, splits: np.ndarray, copies: np.ndarray
) -> tuple[Path, np.ndarray] | tuple[None, None]:
    """The file of the folds, and those of the pictures that are left (M,); nothing where none were asked for."""
    if request.folds is None:
        return None, None
    seeds = f"{FOLDS_SCHEMA}-{SPLITS_SCHEMA}-{request.seed}-{request.folds}"
    name = f"folds-{seeds}{_test_mark(request)}{corrected.mark}.npy"
    path = find_recorded(request, corrected, "folds.npy") or request.cache / key / name
    if not path.exists():
        folds = assign_folds(corrected.contents, splits, request.folds, request.seed, copies)
        write_array(path, corrected.spread(folds, NO_FOLD))
    return path, np.load(path)[corrected.kept]


def _test_mark(request: DatasetRequest) -> str:
    """What tells files of another test share from those of the usual one."""
    return "" if request.test_share is None else f"-test{request.test_share!r}"


def find_or_label(request: DatasetRequest, key: str, corrected: Corrected) -> Path:
    """The file of the labels: the set's own, or another where the user's lists change them."""
    if not corrected.mark:
        return request.cache / key / LABELS
    path = request.cache / key / f"labels{corrected.mark}.npy"
    if not path.exists():
        write_array(path, corrected.spread(corrected.contents.labels, NO_LABEL))
    return path
