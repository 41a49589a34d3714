"""Folds: all that is not for the test is cut into K parts, each of which selects what the others train.

Seeded and stratified: a class's pictures are dealt evenly, so that folds differ by one picture a class at most. Where
the source names groups, whole groups are dealt, and classes are about even.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.copies import choose_originals
from imgcls_automl.data.dataset import SPLITS
from imgcls_automl.data.splits import deal_groups, number_groups, rank, stated_splits
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from imgcls_automl.data.decoded import Contents

SCHEMA = 3  # raise it whenever the same seed would deal other folds
NO_FOLD = -1  # of the test pictures


def assign_folds(
    contents: Contents,
    splits: np.ndarray,
    count: int,
    seed: int,
    copies: np.ndarray | None = None,
) -> np.ndarray:
    """Give every picture of train its fold: the same for the same pictures and seed, whatever their order and ids.

    A class of fewer pictures than folds is missing where some folds are scored, but never where they are trained.

    Args:
        contents: The set.
        splits: Indices into `SPLITS` (N,), as `assign_splits` gives them without validation.
        count: Folds, 2 or more.
        seed: Decides who is dealt where.
        copies: As in `assign_splits`: copies of one picture are dealt into one fold.

    Returns:
        int16 (N,), fold numbers from 0; `NO_FOLD` outside train.

    Raises:
        DatasetError: The source states a validation split, or there are too few pictures, or groups, for so many folds.
    """
    if "validation" in stated_splits(contents):
        raise DatasetError(
            f"The source states a validation split, and --folds {count} would draw {count} of them.\n"
            "Leave --folds out, or give a source without that split."
        )
    pool = np.flatnonzero(splits == SPLITS.index("train"))
    sets = np.arange(len(splits)) if copies is None else copies
    groups = number_groups(contents, sets, pool)
    grouped = any(contents.groups[index] is not None for index in pool)
    _check_size(contents.labels[pool], groups, count, "groups" if grouped else "pictures")
    folds = np.full(len(splits), NO_FOLD, dtype=np.int16)
    if grouped:
        dealt = deal_groups(contents.labels[pool], groups, count, f"{seed}:folds")
        for fold, members in enumerate(dealt):
            folds[pool[members]] = fold
    else:
        originals = choose_originals(contents, pool, sets)
        copied = np.bincount(sets[pool], minlength=len(sets))[sets[originals]]
        folds[originals] = _deal_pictures(contents, originals, copied, count, f"{seed}:folds")
        places = {sets[index]: folds[index] for index in originals}
        folds[pool] = [places[number] for number in sets[pool]]
    _check_classes(contents, folds, count)
    return folds


def _deal_pictures(
    contents: Contents, pool: np.ndarray, copied: np.ndarray, count: int, draw: str
) -> np.ndarray:
    """Deal each class in a seeded order, going on where the class before ended.

    Those with most copies, `copied` (M,) in all, come first, so that no fold gets many of them.
    """
    labels = contents.labels[pool]
    digests = contents.digests[pool].tolist()
    folds = np.empty(len(pool), dtype=np.int16)
    dealt = 0
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        ranked = sorted(members, key=lambda it: (-copied[it], rank(draw, digests[it])))
        folds[ranked] = np.arange(dealt, dealt + len(ranked)) % count
        dealt += len(ranked)
    return folds


def _check_size(labels: np.ndarray, groups: np.ndarray, count: int, what: str) -> None:
    """Refuse more folds than the largest class can fill, counted in pictures or in groups."""
    most = max(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    if count > most:
        raise DatasetError(
            f"--folds {count} is too many: outside the test split no class has more than {most} {what}.\n"
            + (f"Ask for {most} at most." if most > 1 else "Add pictures, or leave --folds out.")
        )


def _check_classes(contents: Contents, folds: np.ndarray, count: int) -> None:
    """Refuse a fold that holds nothing, or all there is of a class: its training would never see that class."""
    for fold in range(count):
        here = set(contents.labels[folds == fold].tolist())
        elsewhere = set(contents.labels[(folds >= 0) & (folds != fold)].tolist())
        if not here:
            raise DatasetError(
                f"--folds {count} is too many: the groups cannot fill more than {fold} folds.\n"
                "Ask for fewer."
            )
        if here - elsewhere:
            name = contents.class_names[min(here - elsewhere)]
            raise DatasetError(
                f"The class {name!r} has too few groups for --folds {count}: groups are kept whole, and all its"
                " pictures outside the test split would be held out at once.\n"
                "Add pictures of more groups, or ask for another number of folds."
            )
