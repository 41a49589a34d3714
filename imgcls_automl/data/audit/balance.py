"""How evenly a set's pictures are spread over its classes and splits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.dataset import SPLITS
from imgcls_automl.data.decoded import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_automl.data.decoded import Contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The sizes of the classes that have a picture, over all splits.

    Attributes:
        largest, smallest: A class each, the first of equal ones, and its pictures.
        ratio: Of their pictures.
        effective_classes: The number of equally large classes that would be as hard to guess: the exponential of the
            entropy of the classes' shares. The number of classes where all are of one size.
    """

    largest: tuple[str, int]
    smallest: tuple[str, int]
    ratio: float
    effective_classes: float


def measure_balance(contents: Contents, splits: np.ndarray) -> Balance:
    """Measure how even the classes are; one of which no picture is left, or can be read, does not count."""
    totals = _count(contents, splits).sum(axis=1)
    classes = np.flatnonzero(totals)
    counts = totals[classes]
    shares = counts / counts.sum()
    most, least = int(counts.argmax()), int(counts.argmin())
    return Balance(
        largest=(contents.class_names[classes[most]], int(counts[most])),
        smallest=(contents.class_names[classes[least]], int(counts[least])),
        ratio=round(float(counts[most] / counts[least]), 4),
        effective_classes=round(float(np.exp(-(shares * np.log(shares)).sum())), 4),
    )


def list_class_problems(contents: Contents, splits: np.ndarray) -> Iterator[Issue]:
    """Issues whose id is the name of a class: `"class_missing"` from a split, `"class_name_alike"` to another's."""
    table = _count(contents, splits)
    for name, counts in zip(contents.class_names, table, strict=True):
        for split, count, total in zip(SPLITS, counts, table.sum(axis=0), strict=True):
            if count == 0 and total > 0:  # with folds there is no validation split at all
                detail = f"the class has no picture in {split}"
                yield Issue(id=name, problem="class_missing", detail=detail)
    alike: dict[str, list[str]] = defaultdict(list)
    for name in contents.class_names:
        alike[name.strip().casefold()].append(name)
    for first, *others in alike.values():
        for name in others:
            detail = f"differs from the class {first!r} by case or blanks only"
            yield Issue(id=name, problem="class_name_alike", detail=detail)


def _count(contents: Contents, splits: np.ndarray) -> np.ndarray:
    """Pictures by class and split, int (K, 3)."""
    cells = contents.labels[splits < len(SPLITS)] * len(SPLITS) + splits[splits < len(SPLITS)]
    counts = np.bincount(cells, minlength=len(contents.class_names) * len(SPLITS))
    return counts.reshape(-1, len(SPLITS))
