"""Copies of one picture never stand in two splits: a model would be tested on what it has learned by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.dataset import LEFT_OUT

if TYPE_CHECKING:
    from imgcls_automl.data.decoded import Contents

# In what follows, `sets` (N,) has equal numbers for copies of one picture, below N; see `Twins.sets`.


def leave_out_copies(splits: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Leave out of train what is in validation or test too, and out of validation what is in test.

    So test stands as stated, and validation but for what would have been tested.

    Args:
        splits: Indices into `SPLITS`, uint8 (N,).
        sets: Which pictures are copies.

    Returns:
        The splits, some of them now `LEFT_OUT`.
    """
    latest = np.zeros(len(sets), dtype=splits.dtype)
    np.maximum.at(latest, sets, splits)
    return np.where(splits < latest[sets], LEFT_OUT, splits).astype(splits.dtype)


def choose_originals(contents: Contents, pool: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """One picture of each set of copies, to be drawn for all of them: one of the rarest class.

    Of several the first class by name, then by content; ids decide only among what is the same in all of these.

    Args:
        contents: The set.
        pool: Places of the pictures to choose among, (M,).
        sets: Which pictures are copies.
    """
    has_copies = np.bincount(sets[pool])[sets[pool]] > 1
    labels, digests, ids = contents.labels.tolist(), contents.digests.tolist(), contents.ids
    counts = np.bincount(contents.labels).tolist()
    originals: dict[int, int] = {}

    def order(place: int) -> tuple[int, int, bytes, str]:
        return counts[labels[place]], labels[place], digests[place], ids[place]

    for place in sorted(pool[has_copies].tolist(), key=order):
        originals.setdefault(int(sets[place]), place)
    return np.array([*pool[~has_copies].tolist(), *originals.values()], dtype=np.int64)


def unite_groups(groups: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Make one group of groups that share a copy.

    Args:
        groups: Numbers of the groups (N,), from 0.
        sets: Which pictures are copies.

    Returns:
        The lowest number among all groups that hang together, for each picture.
    """
    united = groups
    while True:
        wider = _spread_lowest(_spread_lowest(united, sets), groups)
        if (wider == united).all():
            return united
        united = wider


def _spread_lowest(values: np.ndarray, members: np.ndarray) -> np.ndarray:
    lowest = np.full(members.max() + 1, np.iinfo(values.dtype).max, dtype=values.dtype)
    np.minimum.at(lowest, members, values)
    spread: np.ndarray = lowest[members]
    return spread
