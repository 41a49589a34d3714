"""Pictures that are there more than once: the same pixel for pixel, or nearly so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.audit.mapped import RELEASE_BYTES, release_pages
from imgcls_automl.data.audit.near import find_near
from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.data.audit.measure import Measures
    from imgcls_automl.data.reading import Report

BLANK = 1.0  # standard deviation of 255: paler pictures are all alike


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Twins:
    """Pictures are named by their place in the set.

    Attributes:
        sets: The first picture with the same pixels, itself where there is none before, int32 (N,).
        near: Pairs of pictures that nearly look the same, the earlier one first, int32 (M, 2). Of pictures with the
            same pixels only the first is compared with others. Where very many are alike, each is in some pairs.
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
    near, differences = find_near(images, measures, shown, tell)
    return Twins(sets=sets, near=near, differences=differences)


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


def _told_at_pace(report: Report, total: int) -> Callable[[int], None]:
    """What tells of so many pictures, out of a total, where it is time to: near copies may take minutes."""
    pace = Pace()

    def tell(done: int) -> None:
        if pace.is_due():
            report(IngestProgress(stage="comparing", done=done, total=total))

    return tell
