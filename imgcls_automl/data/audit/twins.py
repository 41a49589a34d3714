"""Pictures that are there more than once: the same pixel for pixel, or nearly so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.audit.mapped import RELEASE_BYTES, release_pages
from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgcls_automl.data.audit.measure import Measures
    from imgcls_automl.data.reading import Report

MAX_BITS = 8  # of 64, in which the perceptual hashes of near twins may differ
MAX_DIFFERENCE = 0.1  # of the paler picture's standard deviation: a correlation of at least 0.995
TURNS = 8  # orders in which pictures are compared with their neighbours
NEIGHBOURS = 8  # with how many, in each order
BLANK = 1.0  # standard deviation of 255: paler pictures are all alike
_PAIRS_BYTES = 1 << 22  # of pixels at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Twins:
    """Pictures are named by their place in the set.

    Attributes:
        sets: The first picture with the same pixels, itself where there is none before, int32 (N,).
        near: Pairs of pictures that nearly look the same, the earlier one first, int32 (M, 2). Of pictures with the
            same pixels only the first is compared with others.
        differences: Their mean pixel differences, 0-255, float32 (M,).
    """

    sets: np.ndarray
    near: np.ndarray
    differences: np.ndarray


def find_twins(images: np.ndarray, measures: Measures, report: Report) -> Twins:
    """Find twins among uint8 pictures (N, H, W, C), telling now and then how far that is.

    Near twins have similar perceptual hashes *and* a root mean square difference of pixels that is small against the
    picture's own contrast. At 28x28 pixels the hash alone calls a quarter of all shirts and trousers twins; and a
    plain mean would not see that the print on a shirt is another one.
    """
    tell = _told_at_pace(report, len(images))
    sets = _find_same_pixels(images, measures.checksums, tell)
    is_first = sets == np.arange(len(sets))
    shown = np.flatnonzero(is_first & (measures.contrasts >= BLANK))
    pairs = np.unique(np.concatenate(list(_pair_up(measures, shown))), axis=0)
    squares, differences = _compare(images, pairs, tell)
    is_near = squares <= _tolerance(measures, pairs) ** 2
    return Twins(sets=sets, near=pairs[is_near].astype(np.int32), differences=differences[is_near])


def select_twins(twins: Twins, places: np.ndarray) -> Twins:
    """The twins among the pictures at some ascending places (M,), which become 0 to M - 1."""
    gone = len(twins.sets)
    # Each set is named by its first picture, which may be gone while a copy of it stays.
    first = np.full(gone, gone)
    np.minimum.at(first, twins.sets[places], places)
    numbers = np.full(gone + 1, gone, dtype=np.int32)
    numbers[places] = np.arange(len(places))
    near = np.sort(numbers[first[twins.near]], axis=1)
    stays = (near < gone).all(axis=1)
    return Twins(
        sets=numbers[first[twins.sets[places]]],
        near=near[stays],
        differences=twins.differences[stays],
    )


def _find_same_pixels(
    images: np.ndarray, checksums: np.ndarray, tell: Callable[[int], None]
) -> np.ndarray:
    """As `find_same` for whole pictures; only those whose checksums are equal are looked at once more."""
    first = find_same(checksums)
    alike = np.flatnonzero(np.bincount(first, minlength=len(first))[first] > 1)
    digests = np.empty(len(alike), "V16")
    step = max(1, RELEASE_BYTES // images[0].nbytes)
    for number, place in enumerate(alike):
        pixels = np.ascontiguousarray(images[place])
        digests[number] = np.void(hashlib.blake2b(pixels.data, digest_size=16).digest())
        if number % step == 0:
            release_pages(images)
        tell(int(place) + 1)
    sets = np.arange(len(first), dtype=np.int32)
    sets[alike] = alike[find_same(digests)]
    return sets


def find_same(digests: np.ndarray) -> np.ndarray:
    """The place of the first of equal values, for each of them, int32 (N,)."""
    _, first, number = np.unique(digests, return_index=True, return_inverse=True)
    return first[number].astype(np.int32)


def _pair_up(measures: Measures, shown: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs worth comparing, int64 (M, 2), some more than once.

    Hashes are sorted after being turned by so many bits; near ones soon come to lie side by side (Charikar, 2002).
    That takes N log N steps, and 64 comparisons of numbers a picture at most, however alike all pictures are.
    """
    hashes = measures.hashes[shown]
    for turn in range(TURNS):
        bits = np.uint64(turn * 64 // TURNS)
        turned = (hashes << bits) | (hashes >> (np.uint64(64) - bits)) if turn else hashes
        # Where many hashes are equal, those of the same brightness are compared.
        order = shown[np.lexsort((measures.means[shown], turned))]
        for distance in range(1, NEIGHBOURS + 1):
            pairs = np.sort(np.stack([order[:-distance], order[distance:]], axis=1), axis=1)
            yield pairs[_may_be_near(measures, pairs)]


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


def _tolerance(measures: Measures, pairs: np.ndarray) -> np.ndarray:
    tolerance: np.ndarray = MAX_DIFFERENCE * measures.deviations[pairs].min(axis=1)
    return tolerance


def _compare(
    images: np.ndarray, pairs: np.ndarray, tell: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray]:
    """The mean squared and the mean absolute difference of the pixels of each pair, float32 (M,).

    Pairs are ordered by their first picture, so that its place tells how far this is.
    """
    squares, differences = np.empty(len(pairs), np.float32), np.empty(len(pairs), np.float32)
    step = max(1, _PAIRS_BYTES // images[0].nbytes)
    for start in range(0, len(pairs), step):
        part = slice(start, start + step)
        left, right = (images[places].astype(np.float32) for places in pairs[part].T)
        apart = np.abs(left - right)
        differences[part] = apart.mean(axis=(1, 2, 3))
        squares[part] = (apart * apart).mean(axis=(1, 2, 3))
        release_pages(images)
        tell(int(pairs[part][-1, 0]) + 1)
    return squares, differences


def _told_at_pace(report: Report, total: int) -> Callable[[int], None]:
    """What tells of so many pictures, out of a total, where it is time to: near copies may take minutes."""
    pace = Pace()

    def tell(done: int) -> None:
        if pace.is_due():
            report(IngestProgress(stage="comparing", done=done, total=total))

    return tell
