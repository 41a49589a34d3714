"""Percentile bootstrap of the metrics that have no interval of their own, of many groups of pictures at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.results.intervals import compute_wilson_interval
from imgcls_automl.results.judged_pictures import CALIBRATION_BINS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgcls_automl.results.judged_pictures import JudgedPictures

    Interval = tuple[float, float]

RESAMPLES = 1000
# Above 20,000 pictures fewer resamples do: the interval is narrow, and it would take seconds.
MAX_DRAWS = 20_000_000
MIN_RESAMPLES = 200
# Small groups are resampled together until they have so many, which bounds the memory for all their resamples.
_PICTURES_AT_ONCE = 2_000
_CALIBRATION = "expected_calibration_error"
_AVERAGES = ("macro_precision", "weighted_precision", "weighted_f1")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Pictures of several groups.

    Pairs of a group and a class, or of a group and a calibration bin, are numbered as far as they occur: all that could
    would be too many.

    Attributes:
        sizes: Pictures of each group (G,).
        owners: The group of each picture (N,).
        right: Whether each is named rightly (N,).
        gaps: As of `JudgedPictures` (N,).
        pair_owners: The group of each pair with a class.
        true: The pair of each picture's group and label (N,).
        named: The pair of each picture's group and predicted class (N,).
        bin_owners: The group of each pair with a bin.
        bins: The pair of each picture's group and bin (N,).
    """

    sizes: np.ndarray
    owners: np.ndarray
    right: np.ndarray
    gaps: np.ndarray
    pair_owners: np.ndarray
    true: np.ndarray
    named: np.ndarray
    bin_owners: np.ndarray
    bins: np.ndarray

    @property
    def hits(self) -> np.ndarray:
        """How many pictures of each group are named rightly (G,)."""
        return np.bincount(self.owners, self.right)


def bootstrap_intervals(
    pictures: JudgedPictures, groups: Sequence[np.ndarray], *, seed: int
) -> list[dict[str, Interval]]:
    """Resample the pictures of each group, all groups in one go: by itself each would take milliseconds.

    Args:
        pictures: N of them.
        groups: The places of each group's pictures among these; one group or more, none of them empty.
        seed: Of the resampling.

    Returns:
        Of each group, by metric, (low, high).
    """
    resamples = min(RESAMPLES, max(MIN_RESAMPLES, MAX_DRAWS // len(pictures)))
    generator = np.random.default_rng(seed)
    intervals: list[dict[str, Interval]] = []
    for some in _split(groups):
        batch = _join(pictures, some)
        drawn = [_measure(batch, _draw(batch, generator)) for _ in range(resamples)]
        intervals += [
            own | _replace(int(hits), int(size))
            for own, hits, size in zip(
                _take_percentiles(drawn), batch.hits, batch.sizes, strict=True
            )
        ]
    return intervals


def average_over_classes(
    *, support: np.ndarray, called: np.ndarray, hits: np.ndarray, owners: np.ndarray
) -> dict[str, np.ndarray]:
    """Average precision and F1 score of groups over their classes.

    Only classes that are shown or called in a group have a say; the precision of one that is never called is 0.

    Args:
        support: Pictures of a class in a group (C,), for those pairs of the two that there are.
        called: Those that are called so (C,).
        hits: Those of the class that are called so (C,).
        owners: The group of each pair (C,), of 0 up to G - 1, each at least once.

    Returns:
        macro_precision, weighted_precision and weighted_f1 (G,).
    """
    precision = hits / np.maximum(called, 1)
    f1 = 2 * hits / np.maximum(support + called, 1)
    total = np.bincount(owners, support)
    return {
        "macro_precision": np.bincount(owners, precision)
        / np.bincount(owners, support + called > 0),
        "weighted_precision": np.bincount(owners, precision * support) / total,
        "weighted_f1": np.bincount(owners, f1 * support) / total,
    }


def _take_percentiles(drawn: list[dict[str, np.ndarray]]) -> list[dict[str, Interval]]:
    bounds = {
        name: np.percentile([it[name] for it in drawn], [2.5, 97.5], axis=0) for name in drawn[0]
    }
    return [
        {name: (float(low[group]), float(high[group])) for name, (low, high) in bounds.items()}
        for group in range(len(drawn[0][_CALIBRATION]))
    ]


def _split(groups: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    some: list[np.ndarray] = []
    pictures = 0
    for places in groups:
        some.append(places)
        pictures += len(places)
        if pictures >= _PICTURES_AT_ONCE:
            yield some
            some, pictures = [], 0
    if some:
        yield some


def _join(pictures: JudgedPictures, groups: list[np.ndarray]) -> _Batch:
    sizes = np.array([len(places) for places in groups])
    owners, places = np.repeat(np.arange(len(groups)), sizes), np.concatenate(groups)
    labels, predicted = pictures.labels[places], pictures.predicted[places]
    classes = pictures.scores.shape[1]
    pairs, numbers = np.unique(
        np.concatenate([owners * classes + labels, owners * classes + predicted]),
        return_inverse=True,
    )
    true, named = np.split(numbers, 2)
    used, bins = np.unique(owners * CALIBRATION_BINS + pictures.bins[places], return_inverse=True)
    return _Batch(
        sizes=sizes,
        owners=owners,
        right=labels == predicted,
        gaps=pictures.gaps[places],
        pair_owners=pairs // classes,
        true=true,
        named=named,
        bin_owners=used // CALIBRATION_BINS,
        bins=bins,
    )


def _draw(batch: _Batch, generator: np.random.Generator) -> np.ndarray:
    """How often each picture is drawn (N,): from each group as many as it has, with replacement."""
    begins = (np.cumsum(batch.sizes) - batch.sizes)[batch.owners]
    steps = generator.random(len(batch.owners)) * batch.sizes[batch.owners]
    return np.bincount(begins + steps.astype(np.int64), minlength=len(batch.owners))


def _measure(batch: _Batch, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Each metric of each group (G,), of pictures that count as often as they were drawn (N,)."""
    pairs = len(batch.pair_owners)
    averages = average_over_classes(
        support=np.bincount(batch.true, weights, pairs),
        called=np.bincount(batch.named, weights, pairs),
        hits=np.bincount(batch.true, weights * batch.right, pairs),
        owners=batch.pair_owners,
    )
    surer = np.abs(np.bincount(batch.bins, weights * batch.gaps))
    return {**averages, _CALIBRATION: np.bincount(batch.bin_owners, surer) / batch.sizes}


def _replace(hits: int, size: int) -> dict[str, Interval]:
    """Intervals of a group of which resampling has nothing to vary, where that is so."""
    accuracy = compute_wilson_interval(hits, size)
    # It is the accuracy by another name.
    replaced = {"weighted_recall": accuracy}
    if hits in {0, size}:
        replaced |= dict.fromkeys(_AVERAGES, accuracy)
    if size == 1:
        replaced[_CALIBRATION] = (0.0, 1.0)
    return replaced
