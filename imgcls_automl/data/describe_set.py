"""A decoded, checked and split set as the rest of a run sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from imgcls_automl.data.dataset import LEFT_OUT, Dataset
from imgcls_automl.data.decoded import IMAGES
from imgcls_automl.data.floors import compute_floors, compute_fold_floors
from imgcls_automl.plugin import ImageTask

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.data.audit.audit import Audit
    from imgcls_automl.data.correcting import Corrected
    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.decoded import Contents
    from imgcls_automl.data.ingest import Found
    from imgcls_automl.registry import PluginInfo


class Parts(NamedTuple):
    """How a set is labelled and split: arrays of the pictures that are left (M,), `.npy` files of all decoded ones.

    The folds are None where there are none.
    """

    splits: np.ndarray
    splits_file: Path
    labels_file: Path
    folds: np.ndarray | None = None
    fold_file: Path | None = None


def describe_dataset(
    request: DatasetRequest,
    info: PluginInfo,
    reason: str,
    found: Found,
    corrected: Corrected,
    audit: Audit,
    parts: Parts,
) -> Dataset:
    """A decoded and split set as the rest of a run sees it."""
    contents = corrected.contents
    task = _describe_task(contents, parts.splits)
    return Dataset(
        task=task,
        images=request.cache / found.key / IMAGES,
        labels=parts.labels_file,
        splits=parts.splits_file,
        fingerprint=contents.fingerprint,
        split_sizes=_count_splits(parts.splits),
        unreadable=len(contents.issues),
        adapter=info.name,
        plugin=info.origin,
        reason=reason,
        resize=request.resize,
        cached=found.cached,
        floor=_compute_floor(contents, task, parts),
        remarks=tuple(audit.remarks),
        corrections=corrected.described,
        folds=request.folds,
        fold_file=parts.fold_file,
    )


def _compute_floor(contents: Contents, task: ImageTask, parts: Parts) -> dict[str, float]:
    if parts.folds is not None:
        return compute_fold_floors(contents.labels, parts.folds)
    validation = contents.labels[parts.splits == 1]
    can_select = all(task.class_counts) and len(validation) > 0
    return compute_floors(task.class_counts, validation) if can_select else {}


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
