"""How far the winner's probabilities can be believed, from its test predictions, laid out for an inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.results.documents import damaged

if TYPE_CHECKING:
    from pathlib import Path

BINS = 10
SIDE, LEFT, BOTTOM, TOP = 380, 52, 44, 12  # user units
_PLOT = SIDE - LEFT - TOP


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Predictions of about one confidence: how many, how sure on average, how many of them right."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityPoint:
    """A bin on the page: where, how large, and what is shown under the pointer."""

    x: float
    y: float
    radius: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """What the template draws, and what it says in words."""

    points: tuple[ReliabilityPoint, ...]
    ticks: tuple[tuple[float, float, str], ...]  # across, up, label
    remark: str
    side: float = SIDE
    left: float = LEFT
    right: float = SIDE - TOP
    top: float = TOP
    bottom: float = SIDE - BOTTOM


def draw_reliability(folder: Path) -> Reliability | None:
    """Lay out a run's reliability curve; None while there are no test predictions.

    Raises:
        RunFolderError: best/predictions.csv is damaged.
    """
    path = folder / "best/predictions.csv"
    if not path.is_file():
        return None
    bins = _read_bins(path)
    most = max(it.count for it in bins)
    points = [
        ReliabilityPoint(
            x=_across(it.confidence),
            y=_up(it.accuracy),
            radius=3 + 9 * (it.count / most) ** 0.5,
            title=f"{it.count:,} pictures: {100 * it.confidence:.0f}% sure, {100 * it.accuracy:.0f}% right",
        )
        for it in bins
    ]
    marks = [value / 5 for value in range(6)]
    return Reliability(
        points=tuple(points),
        ticks=tuple((_across(it), _up(it), f"{100 * it:.0f}%") for it in marks),
        remark=describe_reliability(bins),
    )


def describe_reliability(bins: list[Bin]) -> str:
    """Whether the model is surer than right, or the other way round."""
    total = sum(it.count for it in bins)
    gap = sum(it.count * (it.confidence - it.accuracy) for it in bins) / total
    sure = sum(it.count * it.confidence for it in bins) / total
    told = f"On average it is {100 * sure:.1f}% sure and {100 * (sure - gap):.1f}% right"
    if abs(gap) < 0.02:
        return f"{told}: its probabilities can be taken at their word."
    if gap > 0:
        return f"{told}: it is surer than it should be. Read a probability as too high."
    return f"{told}: it is less sure than it could be."


def _read_bins(path: Path) -> list[Bin]:
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute, csv

    columns = ["label", "predicted", "probability"]
    kinds = {"label": pa.string(), "predicted": pa.string(), "probability": pa.float64()}
    options = csv.ConvertOptions(
        include_columns=columns, column_types=kinds, strings_can_be_null=False
    )
    try:
        table = csv.read_csv(path, convert_options=options)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(path, str(error).splitlines()[0]) from error
    if not len(table):
        raise damaged(path, "it has no row")
    sure = table["probability"].to_numpy()
    right = np.array(compute.equal(table["label"], table["predicted"]))
    numbers = np.minimum((np.nan_to_num(sure).clip(0, 1) * BINS).astype(int), BINS - 1)
    return [
        Bin(
            count=int(chosen.sum()),
            confidence=float(sure[chosen].mean()),
            accuracy=float(right[chosen].mean()),
        )
        for chosen in (numbers == number for number in range(BINS))
        if chosen.any()
    ]


def _across(share: float) -> float:
    return LEFT + share * _PLOT


def _up(share: float) -> float:
    return SIDE - BOTTOM - share * (SIDE - BOTTOM - TOP)
