"""What of a data set is worth showing: a few pictures of each class, odd ones, pairs that look alike, histograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.audit.leaks import find_kept
from imgcls_automl.data.audit.remarks import ODD_LOOKS
from imgcls_automl.data.dataset import LEFT_OUT, SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcls_automl.data.audit.examine import Examination
    from imgcls_automl.data.audit.twins import Twins
    from imgcls_automl.data.decoded import Contents, Issue

MOST_CLASSES = 60
MOST_SAMPLES = 8  # of a class
MOST_ODD = 12  # of a kind
MOST_PAIRS = 24
BINS = 24

# Of pairs, the gravest first.
COPY_OF_CLASS, COPY_OF_SPLIT, COPY = "copy, other class", "copy, other split", "copy"
NEAR_OF_CLASS, NEAR_OF_SPLIT, NEAR = "near copy, other class", "near copy, other split", "near copy"
PAIRS = (COPY_OF_CLASS, NEAR_OF_CLASS, COPY_OF_SPLIT, NEAR_OF_SPLIT, COPY, NEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What is said of a picture: its id, its class, and its split or `"left out"`."""

    id: str
    label: str
    split: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Some pictures of a kind, by their places in the set, and how many there are of it in all."""

    name: str
    total: int
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two pictures that look the same, or nearly so; `difference` is the mean of their pixels', 0-255."""

    kind: str
    left: int
    right: int
    difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How many pictures have a value in each of `BINS` equal steps from `low` to `high`."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """Pictures are named by their places in the set.

    Attributes:
        classes: Samples of the first classes.
        odd: Pictures that look unlike the rest, by `audit` problem.
        pairs: The gravest of those that look alike.
        pairs_in_all: How many such pairs there are.
        brightness: Means of all pixels, 0-255.
        widths, heights: Before decoding, pixels.
        captions: Of every picture named above.
    """

    classes: tuple[Gallery, ...]
    odd: tuple[Gallery, ...]
    pairs: tuple[Pair, ...]
    pairs_in_all: int
    brightness: Histogram
    widths: Histogram
    heights: Histogram
    captions: dict[int, Caption]


def choose_sights(
    contents: Contents, splits: np.ndarray, examination: Examination, issues: Sequence[Issue]
) -> Sights:
    """Choose what to show of a set; the same for the same set and splits.

    Args:
        contents: The set.
        splits: Indices into `SPLITS`, or `LEFT_OUT`, uint8 (N,).
        examination: Of its pixels.
        issues: Of the audit.
    """
    classes = tuple(_sample_classes(contents))
    odd = tuple(_gather_odd(contents, issues))
    pairs, pairs_in_all = _choose_pairs(contents, splits, examination.twins)
    shown = {place for gallery in (*classes, *odd) for place in gallery.places}
    shown.update(place for pair in pairs for place in (pair.left, pair.right))
    heights, widths = contents.sizes.T
    return Sights(
        classes=classes,
        odd=odd,
        pairs=pairs,
        pairs_in_all=pairs_in_all,
        brightness=_count_values(examination.looks.means, 0, 255),
        widths=_count_values(widths, int(widths.min()), int(widths.max())),
        heights=_count_values(heights, int(heights.min()), int(heights.max())),
        captions={place: _caption(contents, splits, place) for place in sorted(shown)},
    )


def _sample_classes(contents: Contents) -> Iterator[Gallery]:
    for label, name in enumerate(contents.class_names[:MOST_CLASSES]):
        members = np.flatnonzero(contents.labels == label)
        # Spread over the class: neighbours by id are often shots of one scene.
        chosen = np.linspace(0, len(members) - 1, min(MOST_SAMPLES, len(members))).astype(int)
        yield Gallery(name=name, total=len(members), places=tuple(members[chosen].tolist()))


def _gather_odd(contents: Contents, issues: Sequence[Issue]) -> Iterator[Gallery]:
    places = {id_: place for place, id_ in enumerate(contents.ids)}
    for problem in ODD_LOOKS:
        odd = [places[issue.id] for issue in issues if issue.problem == problem]
        if odd:
            yield Gallery(name=problem, total=len(odd), places=tuple(odd[:MOST_ODD]))


def _choose_pairs(
    contents: Contents, splits: np.ndarray, twins: Twins
) -> tuple[tuple[Pair, ...], int]:
    """The gravest pairs, then the closest, and how many pairs there are."""
    kept = find_kept(splits, twins.sets)
    copies = np.flatnonzero(kept != np.arange(len(kept)))
    pairs = np.concatenate([np.stack([copies, kept[copies]], axis=1), kept[twins.near]])
    differences = np.concatenate([np.zeros(len(copies), np.float32), twins.differences])
    kinds = _tell_kinds(contents, splits, pairs, is_near=np.arange(len(pairs)) >= len(copies))
    gravest = np.lexsort((pairs[:, 0], differences, kinds))[:MOST_PAIRS]
    chosen = (
        Pair(kind=PAIRS[kind], left=left, right=right, difference=difference)
        for kind, (left, right), difference in zip(
            *(values[gravest].tolist() for values in (kinds, pairs, differences)), strict=True
        )
    )
    return tuple(chosen), len(pairs)


def _tell_kinds(
    contents: Contents, splits: np.ndarray, pairs: np.ndarray, is_near: np.ndarray
) -> np.ndarray:
    """What `PAIRS` are (M, 2), as indices into `PAIRS`, int (M,)."""
    left, right = pairs.T
    kinds = np.full(len(pairs), PAIRS.index(COPY))
    kinds[splits[left] != splits[right]] = PAIRS.index(COPY_OF_SPLIT)
    kinds[contents.labels[left] != contents.labels[right]] = PAIRS.index(COPY_OF_CLASS)
    # The kind of near ones comes right after that of copies.
    kinds[is_near] += 1
    return kinds


def _count_values(values: np.ndarray, low: float, high: float) -> Histogram:
    counts, _ = np.histogram(values, bins=BINS, range=(low, max(high, low + 1)))
    return Histogram(low=low, high=high, counts=tuple(counts.tolist()))


def _caption(contents: Contents, splits: np.ndarray, place: int) -> Caption:
    split = int(splits[place])
    return Caption(
        id=contents.ids[place],
        label=contents.class_names[contents.labels[place]],
        split="left out" if split == LEFT_OUT else SPLITS[split],
    )
