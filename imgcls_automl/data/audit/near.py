"""Pairs of pictures that nearly look the same, found in little memory however many there are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.audit.mapped import release_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgcls_automl.data.audit.measure import Measures

MAX_BITS = 8  # of 64, in which the perceptual hashes of near twins may differ
MAX_DIFFERENCE = 0.1  # of the paler picture's standard deviation: a correlation of at least 0.995
TURNS = 8  # orders in which pictures are compared with their neighbours
NEIGHBOURS = 8  # with how many, in each order
ENOUGH = 16  # twins of a picture: two that both have them are compared in no further order
_BLOCK = 1 << 13  # pictures that are paired at a time
_PAIRS_BYTES = 1 << 20  # of pixels that are compared at a time


def find_near(
    images: np.ndarray, measures: Measures, shown: np.ndarray, tell: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Find near twins among the pictures at some places (S,).

    Hashes are sorted after being turned by so many bits; near ones soon come to lie side by side (Charikar, 2002).
    That takes S log S steps, and 64 comparisons of numbers a picture at most, however alike all pictures are. Pairs
    are made, compared and forgotten a block at a time; only near ones are kept, of each picture a limited number.

    Returns:
        Pairs of places, the earlier one first, in ascending order, int32 (M, 2), and their mean pixel differences,
        0-255, float32 (M,).
    """
    found = [(np.empty((0, 2), np.int32), np.empty(0, np.float32))]
    twins = np.zeros(len(images), np.int32)
    ranks = np.empty((TURNS, len(images)), np.int32)
    for turn in range(TURNS):
        order = _sort_turned(measures, shown, turn)
        ranks[turn, order] = np.arange(len(order))
        has_enough = twins >= ENOUGH
        for start, pairs in _pair_up(order):
            chosen = pairs[_may_be_near(measures, pairs)]
            chosen = chosen[~has_enough[chosen].all(axis=1)]
            chosen = chosen[~_have_met(chosen, ranks[:turn])]
            done = (turn * len(order) + start) // TURNS + 1
            near, differences = _compare(images, measures, chosen, partial(tell, done))
            np.add.at(twins, near, 1)
            found.append((near, differences))
    return _sort_pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _sort_turned(measures: Measures, shown: np.ndarray, turn: int) -> np.ndarray:
    """The places (S,) in the order of their turned hashes; those of equal ones by their brightness."""
    hashes, bits = measures.hashes[shown], np.uint64(turn * 64 // TURNS)
    turned = (hashes << bits) | (hashes >> (np.uint64(64) - bits)) if turn else hashes
    order: np.ndarray = shown[np.lexsort((measures.means[shown], turned))]
    return order


def _pair_up(order: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Where in the order this is, and each picture there with its next neighbours, int64 (M, 2)."""
    for start in range(0, len(order), _BLOCK):
        nexts = [order[start + step :][:_BLOCK] for step in range(1, NEIGHBOURS + 1)]
        pairs = [np.stack([order[start : start + len(it)], it], axis=1) for it in nexts]
        yield start, np.concatenate(pairs)


def _may_be_near(measures: Measures, pairs: np.ndarray) -> np.ndarray:
    # The root mean square difference of pixels is never below that of means, nor of deviations: no pair is lost.
    left, right = pairs.T
    allowed = _tolerance(measures, pairs)
    bits = np.bitwise_count(measures.hashes[left] ^ measures.hashes[right])
    near: np.ndarray = (
        (bits <= MAX_BITS)
        & (np.abs(measures.means[left] - measures.means[right]) <= allowed)
        & (np.abs(measures.deviations[left] - measures.deviations[right]) <= allowed)
    )
    return near


def _have_met(pairs: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Whether each pair were neighbours in an earlier order, by the pictures' ranks in these, int32 (T, N)."""
    left, right = pairs.T
    met: np.ndarray = (np.abs(ranks[:, left] - ranks[:, right]) <= NEIGHBOURS).any(axis=0)
    return met


def _tolerance(measures: Measures, pairs: np.ndarray) -> np.ndarray:
    tolerance: np.ndarray = MAX_DIFFERENCE * measures.deviations[pairs].min(axis=1)
    return tolerance


def _compare(
    images: np.ndarray, measures: Measures, pairs: np.ndarray, tell: Callable[[], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Those of the pairs whose pixels are near, int32 (M, 2), and their mean absolute differences, float32 (M,)."""
    squares, differences = np.empty(len(pairs), np.float32), np.empty(len(pairs), np.float32)
    step = max(1, _PAIRS_BYTES // images[0].nbytes)
    for start in range(0, len(pairs), step):
        part = slice(start, start + step)
        left, right = pairs[part].T
        apart = images[left].astype(np.float32).reshape(len(left), -1)
        apart -= images[right].reshape(apart.shape)
        squares[part] = np.vecdot(apart, apart) / apart.shape[1]
        differences[part] = np.abs(apart, out=apart).mean(axis=1)
        release_pages(images)
        tell()
    is_near = squares <= _tolerance(measures, pairs) ** 2
    return pairs[is_near].astype(np.int32), differences[is_near]


def _sort_pairs(pairs: np.ndarray, differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs.sort(axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order], differences[order]
