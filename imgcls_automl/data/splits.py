"""Which pictures train, which select, and which are kept for the one final test.

- Stated splits stand, and validation never serves as test. A source that states only "train" states
  nothing.
- No test stated: 15% of the pictures that are not stated otherwise, or the share that is asked for, are held out first.
- No validation stated: 20% of what is left is held out, or nothing where folds take its place.
- Copies of one picture never stand in two splits. Stated ones are left out of train where validation or test
  has them, and out of validation where test has; where splits are drawn, copies are drawn together.
- Held-out pictures are drawn a class at a time, or where the source names groups, in whole groups.
- What is drawn follows from the seed and from what the source holds of each picture, not from its id: in a table or an
  array that is its place, which another order changes.
- A class of three or more pictures has at least one in each split; one of two has none in test.
  Groups may not allow that, but every class keeps a picture in train.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.data.copies import choose_originals, leave_out_copies, unite_groups
from imgcls_automl.data.dataset import SPLITS
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from imgcls_automl.data.decoded import Contents

logger = logging.getLogger(__name__)

TEST_SHARE = 0.15
VALIDATION_SHARE = 0.20  # of what the test split leaves
SCHEMA = 3  # raise it whenever the same seed would draw other pictures

_TRAIN, _VALIDATION, _TEST = range(3)


def assign_splits(
    contents: Contents,
    seed: int,
    copies: np.ndarray | None = None,
    *,
    validates: bool = True,
    test_share: float | None = None,
) -> np.ndarray:
    """Give every picture its split: the same for the same pictures and seed, whatever their order and their ids.

    Args:
        contents: The set.
        seed: Decides what is drawn.
        copies: Equal numbers for copies of one picture, (N,), as `Twins.sets` has them; None where there are none.
        validates: Whether a validation split is drawn where none is stated; the test split is the same either way.
        test_share: Of the pictures, held out for the test; None for the usual. Groups are kept whole, so that it is
            met about.

    Returns:
        uint8 (N,), indices into `SPLITS`, or `LEFT_OUT`.

    Raises:
        DatasetError: The groups leave no picture of some class for training, or a share is asked for and the source
            states its test split.
    """
    stated = stated_splits(contents)
    if test_share is not None and "test" in stated:
        raise DatasetError(
            f"The source states a test split, and --test-share {test_share:g} would draw another.\n"
            "Leave --test-share out, or give a source without that split."
        )
    shares = {_TEST: test_share or TEST_SHARE, _VALIDATION: VALIDATION_SHARE}
    codes = {name: code for code, name in enumerate(SPLITS)}
    splits = np.array([codes[name or "train"] for name in contents.stated], dtype=np.uint8)
    sets = np.arange(len(splits)) if copies is None else copies
    splits = leave_out_copies(splits, sets)
    for split, share in shares.items():
        if SPLITS[split] in stated or (split == _VALIDATION and not validates):
            continue
        # A class of two pictures gives its second one to validation rather than to test.
        more_follows = split == _TEST and "validation" not in stated
        pool = np.flatnonzero(splits == _TRAIN)
        keep, draw = 1 + more_follows, f"{seed}:{split}"
        splits[_hold_out(contents, sets, pool, share, keep=keep, draw=draw)] = split
    return splits


def stated_splits(contents: Contents) -> tuple[str, ...]:
    """The splits that the source states; none where it states only "train"."""
    stated = set(contents.stated) - {None}
    return tuple(name for name in SPLITS if name in stated) if stated - {"train"} else ()


def _hold_out(
    contents: Contents, sets: np.ndarray, pool: np.ndarray, share: float, *, keep: int, draw: str
) -> np.ndarray:
    if any(contents.groups[index] is not None for index in pool):
        return _hold_out_groups(contents, sets, pool, share, draw)
    originals = choose_originals(contents, pool, sets)
    drawn = _hold_out_pictures(contents, originals, share, keep, draw)
    return pool[np.isin(sets[pool], sets[drawn])]


def _hold_out_pictures(
    contents: Contents, pool: np.ndarray, share: float, keep: int, draw: str
) -> np.ndarray:
    """Draw the share of each class, at least one picture, leaving at least `keep`.

    Not scikit-learn's StratifiedShuffleSplit, which may leave a small class out and refuses very
    small ones. A picture's rank depends on its content alone, so that new pictures do not reshuffle the
    old ones.
    """
    held_out: list[int] = []
    digests = contents.digests.tolist()
    for label in range(len(contents.class_names)):
        members = pool[contents.labels[pool] == label]
        count = max(1, int(len(members) * share + 0.5))
        count = max(0, min(count, len(members) - keep))
        ranked = sorted(members, key=lambda index: rank(draw, digests[index]))
        held_out.extend(ranked[:count])
    return np.array(held_out, dtype=np.int64)


def rank(draw: str, content: bytes) -> bytes:
    """Where something stands in a draw: seeded, and the same whatever else is drawn from."""
    return hashlib.blake2b(b"%s:%s" % (draw.encode(), content), digest_size=16).digest()


def _hold_out_groups(
    contents: Contents, sets: np.ndarray, pool: np.ndarray, share: float, draw: str
) -> np.ndarray:
    """Draw whole groups, classes in about equal shares; a picture without a group is its own."""
    labels = contents.labels[pool]
    groups = number_groups(contents, sets, pool)
    held_out = max(
        _draw_folds(labels, groups, share, draw),
        key=lambda fold: _judge_fold(labels, fold, share),
        default=np.array([], dtype=np.int64),
    )
    lost = sorted(set(labels) - set(np.delete(labels, held_out)))
    if lost or len(held_out) == 0:
        name = contents.class_names[lost[0] if lost else labels[0]]
        raise DatasetError(
            f"The class {name!r} has too few groups to be split: groups are kept whole, "
            "and each class needs one for training and another to be held out.\n"
            "Add pictures of more groups, or state the splits."
        )
    if len(set(labels[held_out])) < len(set(labels)):
        logger.warning("Some classes are missing from a held-out split: their groups are too few.")
    return pool[held_out]


def number_groups(contents: Contents, sets: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Number the groups of the pictures in `pool`; groups that share a copy are one.

    Numbered by name, so that the order of the pictures does not matter.
    """
    names = [group_name(contents, index) for index in pool]
    codes = {name: code for code, name in enumerate(sorted(set(names)))}
    return unite_groups(np.array([codes[name] for name in names]), sets[pool])


def group_name(contents: Contents, index: np.integer[Any]) -> tuple[str, str]:
    """A picture's group; a picture without one is its own, named by its content."""
    group = contents.groups[index]
    return (
        ("picture", contents.digests[index].tobytes().hex()) if group is None else ("group", group)
    )


def _draw_folds(
    labels: np.ndarray, groups: np.ndarray, share: float, draw: str
) -> list[np.ndarray]:
    """Deal the groups into about 1 / share folds of similar classes."""
    count = min(round(1 / share), len(np.unique(groups)), int(np.bincount(labels).max()))
    return deal_groups(labels, groups, count, draw) if count > 1 else []


def deal_groups(labels: np.ndarray, groups: np.ndarray, count: int, draw: str) -> list[np.ndarray]:
    """Deal whole groups into folds of similar classes.

    Args:
        labels: Class indices (N,); some class has at least `count` pictures.
        groups: The number of each picture's group.
        count: Folds, 2 or more.
        draw: Seeds the dealing.

    Returns:
        The positions in each fold.
    """
    import warnings

    from sklearn.model_selection import StratifiedGroupKFold

    order = np.lexsort((labels, groups))
    seed = int.from_bytes(rank(draw, b"groups")[:4], "big")
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "The least populated class has only..."
        dealt = list(folds.split(order, labels[order], groups[order]))
    return [order[fold] for _, fold in dealt]


def _judge_fold(labels: np.ndarray, fold: np.ndarray, share: float) -> tuple[int, int, float]:
    """The more the better: classes that stay in train, classes held out, closeness to the share."""
    kept = len(set(np.delete(labels, fold)))
    return kept, len(set(labels[fold])), -abs(len(fold) / len(labels) - share)
