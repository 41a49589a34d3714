"""The ROC and the precision-recall curve of an evaluation with its operating points, laid out for inline SVG."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.results.documents import damaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

SIDE, LEFT, RIGHT, BOTTOM, TOP = 380, 52, 24, 44, 12  # user units
_CLOSE = 0.8  # user units; a nearer point than that cannot be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A threshold on a curve: where, and what is shown under the pointer."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdCurve:
    """What the template draws.

    Attributes:
        name: `"ROC curve"`.
        across, up: What the axes show.
        line: `"x,y x,y"`.
        points: The operating points.
        baseline: ((x, y), (x, y)) of what guessing would give.
        ticks: (across, up, label).
    """

    name: str
    across: str
    up: str
    line: str
    points: tuple[CurvePoint, ...]
    baseline: tuple[tuple[float, float], tuple[float, float]]
    ticks: tuple[tuple[float, float, str], ...]
    side: float = SIDE
    left: float = LEFT
    right: float = SIDE - RIGHT
    top: float = TOP
    bottom: float = SIDE - BOTTOM


def draw_threshold_curves(folder: Path, document: Mapping[str, Any]) -> list[ThresholdCurve]:
    """Lay out both curves of an evaluation; none where it was not about two classes, or held pictures of one alone.

    Raises:
        RunFolderError: A file of it is damaged.
    """
    points = (document["operating_points"] or {}).get("points", ())
    roc, recalled = folder / "roc_curve.csv", folder / "precision_recall_curve.csv"
    if not (points and roc.is_file() and recalled.is_file()):
        return []
    positive = document["operating_points"]["positive"]
    share = document["metrics"]["classes"][positive]["support"] / document["pictures"]
    return [
        _make_curve(
            name="ROC curve",
            across="false positive rate",
            up="true positive rate",
            line=_read(roc, "false_positive_rate", "true_positive_rate"),
            points=_mark(points, lambda it: (1 - it["specificity"]["value"], _rate(it, "recall"))),
            baseline=((0, 0), (1, 1)),
        ),
        _make_curve(
            name="Precision and recall",
            across="recall",
            up="precision",
            line=_as_steps(_read(recalled, "recall", "precision")),
            points=_mark(points, lambda it: (_rate(it, "recall"), _rate(it, "precision"))),
            baseline=((0, share), (1, share)),
        ),
    ]


def _make_curve(
    *,
    name: str,
    across: str,
    up: str,
    line: Iterable[tuple[float, float]],
    points: tuple[CurvePoint, ...],
    baseline: tuple[tuple[float, float], tuple[float, float]],
) -> ThresholdCurve:
    start, end = baseline
    return ThresholdCurve(
        name=name,
        across=across,
        up=up,
        line=" ".join(f"{x:.1f},{y:.1f}" for x, y in _thin(_place(*it) for it in line)),
        points=points,
        baseline=(_place(*start), _place(*end)),
        ticks=tuple((*_place(it / 5, it / 5), f"{20 * it}%") for it in range(6)),
    )


def _read(path: Path, across: str, up: str) -> list[tuple[float, float]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [(float(row[across]), float(row[up])) for row in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise damaged(path, f"a cell is missing or of the wrong kind ({error})") from error


def _as_steps(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Between two thresholds precision is that of the lower recall: a straight line would promise too much."""
    steps = line[:1]
    steps = list(steps)
    for recall, precision in line[1:]:
        steps += [(recall, steps[-1][1]), (recall, precision)]
    return steps


def _mark(points: Sequence[Mapping[str, Any]], find: Any) -> tuple[CurvePoint, ...]:
    made = []
    for point in points:
        if not (point["precision"] and point["recall"] and point["specificity"]):
            continue  # nothing was so named, and there is no share of nothing
        x, y = _place(*find(point))
        shares = ", ".join(
            f"{rate} {100 * _rate(point, rate):.1f}%"
            for rate in ("precision", "recall", "specificity")
        )
        made.append(CurvePoint(x=x, y=y, title=f"from {point['threshold']:g} up: {shares}"))
    return tuple(made)


def _rate(point: Mapping[str, Any], rate: str) -> float:
    return float(point[rate]["value"])


def _thin(line: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out what lies on the point before it; the last one stays."""
    kept: list[tuple[float, float]] = []
    last = None
    for x, y in line:
        last = (x, y)
        if not kept or abs(x - kept[-1][0]) >= _CLOSE or abs(y - kept[-1][1]) >= _CLOSE:
            kept.append(last)
    return [*kept, last] if last is not None and kept[-1] != last else kept


def _place(across: float, up: float) -> tuple[float, float]:
    x = LEFT + across * (SIDE - LEFT - RIGHT)
    return x, SIDE - BOTTOM - up * (SIDE - BOTTOM - TOP)
