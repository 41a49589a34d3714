"""Score against cost, laid out for an inline SVG: a point a trial, and the line that nobody beats in both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from imgcls_automl.results.axes import Tick, fit_round, mark_decades, mark_values, shorten_number
from imgcls_automl.results.figures import beats, format_score, lower_is_better, name_metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.trial_record import TrialRecord

WIDTH, HEIGHT = 860, 380  # user units; the page scales them
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 16, 46


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A trial; `title` is shown under the pointer, `front` says that no cheaper trial is as good."""

    x: float
    y: float
    title: str
    front: bool
    mark: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """What the template draws.

    Attributes:
        across: What the horizontal axis shows, with its unit.
        up: What the vertical axis shows.
        measured: Whether cost is the measured latency; else it is the number of weights.
        left_out: Complete trials whose cost is not known.
        line: The front's corners: `"x,y x,y"`.
        best: The trials of the front, cheapest first, in words.
    """

    across: str
    up: str
    measured: bool
    left_out: int
    points: tuple[Point, ...]
    line: str
    best: tuple[str, ...]
    across_ticks: tuple[Tick, ...]
    up_ticks: tuple[Tick, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


def draw_frontiers(run: RunRecord, winner: int | None) -> list[Frontier]:
    """Score against latency, where it was measured, and against size unless all latencies are known."""
    by_latency = _draw(run, winner, is_measured=True)
    if by_latency and not by_latency.left_out:
        return [by_latency]
    return [it for it in (by_latency, _draw(run, winner, is_measured=False)) if it]


def _draw(run: RunRecord, winner: int | None, *, is_measured: bool) -> Frontier | None:
    """Lay out the complete trials; None where fewer than two have a score and a cost."""
    complete = [it for it in run.trials if it.state == "complete" and it.score is not None]
    shown = [it for it in complete if _tell_cost(it, is_measured)]
    if len(shown) < 2:
        return None
    costs = {it.number: _tell_cost(it, is_measured) for it in shown}
    scores = {it.number: it.score or 0.0 for it in shown}
    low, high = min(costs.values()) / 1.15, max(costs.values()) * 1.15
    bottom, top, step = fit_round(min(scores.values()), max(scores.values()))

    def place_x(cost: float) -> float:
        share = math.log(cost / low) / math.log(high / low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def place_y(score: float) -> float:
        return HEIGHT - BOTTOM - (score - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    front = find_front(
        run.metric, [(it.number, costs[it.number], scores[it.number]) for it in shown]
    )
    points = [
        Point(
            x=place_x(costs[it.number]),
            y=place_y(scores[it.number]),
            title=_describe(run, it, is_measured),
            front=it.number in front,
            mark=it.number == winner,
        )
        for it in shown
    ]
    by_number = {it.number: it for it in shown}
    corners = [(place_x(costs[number]), place_y(scores[number])) for number in front]
    return Frontier(
        across="milliseconds a picture" if is_measured else "weights of the model",
        up=f"validation {name_metric(run.metric)}",
        measured=is_measured,
        left_out=len(complete) - len(shown),
        points=tuple(points),
        line=" ".join(f"{x:.1f},{y:.1f}" for x, y in _make_steps(corners)),
        best=tuple(_describe(run, by_number[number], is_measured) for number in front),
        across_ticks=tuple(mark_decades(low, high, place_x)),
        up_ticks=tuple(mark_values(bottom, top, step, place_y)),
    )


def find_front(metric: str, trials: Sequence[tuple[int, float, float]]) -> list[int]:
    """The Pareto front of (number, cost, score): trials that are better than all cheaper ones, cheapest first."""
    sign = 1 if lower_is_better(metric) else -1
    front: list[tuple[int, float]] = []
    for number, _, score in sorted(trials, key=lambda it: (it[1], sign * it[2], it[0])):
        if not front or beats(metric, score, front[-1][1]):
            front.append((number, score))
    return [number for number, _ in front]


def _make_steps(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A staircase: up to the next trial's cost, the better score cannot be had."""
    steps = corners[:1]
    for (_, before), (x, y) in pairwise(corners):
        steps += [(x, before), (x, y)]
    return steps


def _tell_cost(trial: TrialRecord, is_measured: bool) -> float:
    return float((trial.latency_ms if is_measured else trial.parameters) or 0)


def _describe(run: RunRecord, trial: TrialRecord, is_measured: bool) -> str:
    cost = _tell_cost(trial, is_measured)
    told = f"{cost:.3g} ms" if is_measured else f"{shorten_number(cost)} weights"
    return f"trial {trial.number}: {format_score(run.metric, trial.score or 0.0)}, {told}"
