"""What the data stage leaves in a run's `data/` folder."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.data.dataset import LEFT_OUT, SPLITS
from imgcls_automl.data.folds import NO_FOLD
from imgcls_automl.data.splits import stated_splits
from imgcls_automl.files import replacing, write_csv, write_text
from imgcls_automl.text import format_json, guard_cell

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.data.audit.audit import Audit
    from imgcls_automl.data.correcting import Corrected
    from imgcls_automl.data.dataset import Dataset, DatasetRequest
    from imgcls_automl.data.decoded import Contents
    from imgcls_automl.registry import PluginInfo

SCHEMA_VERSION = 1
_SPLIT_NAMES = (*SPLITS, "left out")  # by code
_EXCLUDED = "excluded"


def write_records(
    folder: Path,
    corrected: Corrected,
    splits: np.ndarray,
    folds: np.ndarray | None,
    audit: Audit,
    *,
    dataset: Dataset,
    request: DatasetRequest,
    seconds: float,
) -> None:
    """Write splits.npy, splits.csv, issues.csv and, last, summary.json; each whole or not.

    splits.csv has a line for every picture that was decoded, in their order. Where there are folds it has a column
    more, in which they count from 1, and there is a folds.npy. Where the source names groups there is a groups.csv too,
    in the same order; where labels were replaced, a relabelled.csv, which --relabel takes as it is.

    Args:
        folder: The run's `data/` folder.
        corrected: The set.
        splits: Of the pictures that are left (M,).
        folds: Of these (M,); None without folds.
        audit: Of these.
        dataset: What the rest of the run is told.
        request: What the user asked for.
        seconds: What it all took.
    """
    contents, source = corrected.contents, corrected.source
    folder.mkdir(parents=True, exist_ok=True)
    write_array(folder / "splits.npy", corrected.spread(splits, LEFT_OUT))
    if folds is not None:
        write_array(folder / "folds.npy", corrected.spread(folds, NO_FOLD))
    _write_splits(folder / "splits.csv", corrected, splits, folds)
    write_csv(
        folder / "issues.csv",
        ("id", "problem", "detail"),
        (
            (guard_cell(it.id), it.problem, guard_cell(it.detail))
            for it in (*contents.issues, *contents.notes, *corrected.excluded, *audit.issues)
        ),
    )
    if corrected.relabelled:
        write_csv(
            folder / "relabelled.csv",
            ("id", "label", "new_label"),
            (
                (guard_cell(it.id), guard_cell(it.label), guard_cell(it.new_label))
                for it in corrected.relabelled
            ),
        )
    if _is_grouped(source):
        write_csv(
            folder / "groups.csv",
            ("id", "group"),
            (
                (guard_cell(id_), guard_cell(group))
                for id_, group in zip(source.ids, source.groups, strict=True)
            ),
        )
    summary = summarise(
        corrected, splits, folds, audit, dataset=dataset, request=request, seconds=seconds
    )
    write_text(folder / "summary.json", format_json(summary))


def write_array(path: Path, values: np.ndarray) -> None:
    """Write the pictures' splits, folds or labels (N,) as a `.npy` file."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, values)


def _write_splits(
    path: Path, corrected: Corrected, splits: np.ndarray, folds: np.ndarray | None
) -> None:
    rows = _list_pictures(corrected, splits)
    if folds is None:
        write_csv(path, ("id", "label", "split"), rows)
        return
    numbers = ("" if fold < 0 else int(fold) + 1 for fold in corrected.spread(folds, NO_FOLD))
    folded = ((*row, number) for row, number in zip(rows, numbers, strict=True))
    write_csv(path, ("id", "label", "split", "fold"), folded)


def _list_pictures(corrected: Corrected, splits: np.ndarray) -> list[tuple[str, str, str]]:
    """Id, label and split of every decoded picture, those of excluded ones as their source has them."""
    source, contents = corrected.source, corrected.contents
    names = [guard_cell(name) for name in source.class_names]
    rows = [
        (guard_cell(id_), names[label], _EXCLUDED)
        for id_, label in zip(source.ids, source.labels, strict=True)
    ]
    names = [guard_cell(name) for name in contents.class_names]
    for place, label, split in zip(corrected.kept, contents.labels, splits, strict=True):
        rows[place] = (rows[place][0], names[label], _SPLIT_NAMES[split])
    return rows


def summarise(
    corrected: Corrected,
    splits: np.ndarray,
    folds: np.ndarray | None,
    audit: Audit,
    *,
    dataset: Dataset,
    request: DatasetRequest,
    seconds: float,
) -> dict[str, Any]:
    """A data set as JSON: where it came from, what it holds, what was done to it.

    `"pictures"` are all that could be read and were not `"excluded"`, `"left_out"` those of them that are in no split,
    `"relabelled"` those whose label was replaced. Where there are folds, `"fold_sizes"` and each class's `"folds"` have
    the pictures in each. `"checks"` has what the audit found:

    - `"issues"`: how many of each problem issues.csv names; all of `audit.PROBLEMS` are there.
      Once a run has a model, `results.suspect_records` adds `"suspicious_label"`, to both.
    - `"left_out"`: pictures lost to an exact copy in a later split, by the split that lost them.
    - `"balance"`: largest and smallest class (name, pictures), their ratio, and the effective number of classes.
    - `"remarks"`: what matters most, in words.
    - `"brightness"`: mean and spread over the pictures of train and validation.
    - `"sizes"`: median height and width of the same pictures before decoding.
    """
    contents = corrected.contents
    stated = stated_splits(contents)
    origins = {name: "stated" if name in stated else "held out" for name in SPLITS}
    if "train" not in stated:
        origins["train"] = "the rest"
    if request.folds:
        origins["validation"] = "folds of train"
    return {
        "schema_version": SCHEMA_VERSION,
        "source": request.described,
        "test_source": request.test_data,
        "adapter": dataset.adapter,
        "plugin": dataset.plugin,
        "reason": dataset.reason,
        "pictures": len(contents.ids),
        "unreadable": dataset.unreadable,
        "excluded": len(corrected.excluded),
        "relabelled": len(corrected.relabelled),
        "left_out": int(np.count_nonzero(splits == LEFT_OUT)),
        "issues": dict(Counter(it.problem for it in (*contents.issues, *contents.notes))),
        "image_shape": list(contents.image_shape),
        "resize": dataset.resize,
        "original": contents.originals,
        "classes": [
            {
                "name": name,
                **_count_by_split(splits[contents.labels == label]),
                **_count_by_fold("folds", folds, request.folds, contents.labels == label),
            }
            for label, name in enumerate(contents.class_names)
        ],
        "splits": {
            name: {"pictures": size, "from": origins[name]}
            for name, size in _count_by_split(splits).items()
        },
        "folds": request.folds,
        **_count_by_fold("fold_sizes", folds, request.folds),
        "grouped": _is_grouped(contents),
        "checks": audit.to_json(),
        "seed": request.seed,
        "fingerprint": contents.fingerprint,
        "cached": dataset.cached,
        "seconds": round(seconds, 3),
    }


def summarise_unreadable(
    request: DatasetRequest, info: PluginInfo, reason: str, unreadable: int
) -> dict[str, Any]:
    """A data set of which not one picture can be read, as far as `summarise` could tell of it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "source": request.described,
        "test_source": request.test_data,
        "adapter": info.name,
        "plugin": info.origin,
        "reason": reason,
        "pictures": 0,
        "unreadable": unreadable,
        "classes": [],
        "seed": request.seed,
    }


def _is_grouped(contents: Contents) -> bool:
    return any(group is not None for group in contents.groups)


def _count_by_split(splits: np.ndarray) -> dict[str, int]:
    counts = np.bincount(splits, minlength=len(_SPLIT_NAMES))[: len(SPLITS)]
    return {name: int(count) for name, count in zip(SPLITS, counts, strict=True)}


def _count_by_fold(
    name: str, folds: np.ndarray | None, count: int | None, among: np.ndarray | slice = slice(None)
) -> dict[str, list[int]]:
    """The pictures in each fold, some of them only, under a name; nothing where there are no folds."""
    if folds is None or count is None:
        return {}
    there = folds[among]
    return {name: np.bincount(there[there != NO_FOLD], minlength=count).tolist()}
