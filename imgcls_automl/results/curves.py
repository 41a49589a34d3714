"""Learning curves, laid out for an inline SVG: validation by epoch, a line a trial."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from imgcls_automl.results.axes import Tick, choose_step, fit_round, mark_values
from imgcls_automl.results.figures import lower_is_better, name_metric
from imgcls_automl.trial_history import read_history

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcls_automl.results.trial_record import TrialRecord

WIDTH, HEIGHT = 860, 400  # user units; the page scales them
LEFT, RIGHT, TOP, BOTTOM = 62, 20, 14, 46
MAX_CURVES = 150

# The validation column that each selection metric is read from.
_HISTORY_COLUMNS = {"log_loss": "val_loss"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One trial's line in user units.

    Attributes:
        kind: `"winner"`, `"complete"`, `"pruned"` (or anything else without a full training).
        title: Shown by browsers under the pointer.
        points: `"x,y x,y"`.
        end: The last point, for a mark.
    """

    kind: str
    title: str
    points: str
    end: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What the template draws.

    Attributes:
        label: What the vertical axis shows: `"validation accuracy"`.
        curves: The winner last, so that it lies on top.
        across: Ticks of the epochs.
        up: Ticks of the metric.
        left, right, top, bottom: The plot's edges in user units.
        width, height: Of the whole drawing.
        left_out: Trials beyond `MAX_CURVES`.
    """

    label: str
    curves: tuple[Curve, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    left_out: int
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM
    width: float = WIDTH
    height: float = HEIGHT


def draw_curves(trials: Sequence[TrialRecord], metric: str, winner: int | None) -> Chart | None:
    """Lay out the chart of trials, given best first; None where no epoch was finished.

    Args:
        trials: Those whose history is read, as far as `MAX_CURVES` reach.
        metric: The selection metric.
        winner: The number of the trial to stress.
    """
    column = _HISTORY_COLUMNS.get(metric, f"val_{metric}")
    drawn = trials[:MAX_CURVES]
    lines = [(trial, _read_line(trial, column)) for trial in drawn]
    lines = [(trial, line) for trial, line in lines if line]
    if not lines:
        return None
    points = [point for _, line in lines for point in line]
    last = max(epoch for epoch, _ in points)
    low, high, step = _fit_range((value for _, value in points), metric)

    def place(epoch: float, value: float) -> tuple[float, float]:
        return _scale_epoch(epoch, last), _scale_value(value, low, high)

    curves = [
        _make_curve(trial, [place(*point) for point in line], winner, metric)
        for trial, line in reversed(lines)
    ]
    return Chart(
        label=f"validation {name_metric(metric)}",
        curves=tuple(sorted(curves, key=lambda curve: curve.kind == "winner")),
        across=tuple(_mark_epochs(last)),
        up=tuple(mark_values(low, high, step, lambda value: _scale_value(value, low, high))),
        left_out=len(trials) - len(drawn),
    )


def _read_line(trial: TrialRecord, column: str) -> list[tuple[float, float]]:
    """A trial's values by epoch; with folds, the means of those that came to that epoch."""
    values: dict[float, list[float]] = {}
    for epoch in read_history(trial.folder):
        if math.isfinite(epoch["epoch"]) and math.isfinite(epoch.get(column, math.nan)):
            values.setdefault(epoch["epoch"], []).append(epoch[column])
    return [(number, fmean(its)) for number, its in sorted(values.items())]


def _make_curve(
    trial: TrialRecord, line: list[tuple[float, float]], winner: int | None, metric: str
) -> Curve:
    score = "" if trial.score is None else f", {name_metric(metric)} {trial.score:.4f}"
    kind = "complete" if trial.state == "complete" else "pruned"
    return Curve(
        kind="winner" if trial.number == winner else kind,
        title=f"trial {trial.number} ({trial.state}{score})",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in line),
        end=line[-1],
    )


def _fit_range(values: Iterable[float], metric: str) -> tuple[float, float, float]:
    # The worst twentieth, mostly first epochs, would press the rest together: it leaves the plot.
    ordered = sorted(values)
    cut = len(ordered) // 20
    low, high = (0, -1 - cut) if lower_is_better(metric) else (cut, -1)
    bottom, top = ordered[low], ordered[high]
    return fit_round(bottom, top)


def _scale_epoch(epoch: float, last: float) -> float:
    # A single epoch stands in the middle.
    share = (epoch - 1) / (last - 1) if last > 1 else 0.5
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _scale_value(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _mark_epochs(last: float) -> list[Tick]:
    step = max(1, round(choose_step(last / 10)))
    wanted = [1, *range(step if step > 1 else 2, int(last) + 1, step)]
    return [Tick(at=_scale_epoch(epoch, last), label=str(epoch)) for epoch in wanted]
