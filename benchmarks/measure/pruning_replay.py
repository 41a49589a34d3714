"""What Optuna's pruners would have done to trials whose whole learning curves are known."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from itertools import accumulate, compress
from statistics import mean
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import TrialState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from measure.learning_curves import LearningCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What one pruner did to trials in one order.

    Attributes:
        saved: Share of all epochs that were not trained.
        kept_best: Whether a trial of the best final score was trained to its end.
        kept_top_3: How many of the best three were; others of the same score count as they do.
        lost: The best final score less the best one that was kept, as a share of pictures.
        at_half: The best final score that was reached with half of all epochs, pruned trials leaving time for more.
    """

    saved: float
    kept_best: bool
    kept_top_3: int
    lost: float
    at_half: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Replays in many orders together: means, and the worst of them.

    Attributes:
        saved: Mean share of all epochs that were not trained.
        kept_best: Share of orders in which the best trial was kept.
        kept_top_3: Mean share of the best three that was kept.
        worst_kept_top_3: How many of them were kept in the worst order.
        lost: Mean loss of the best final score.
        worst_lost: The greatest.
        at_half: Mean of the best final score that was reached with half of all epochs.
    """

    saved: float
    kept_best: float
    kept_top_3: float
    worst_kept_top_3: int
    lost: float
    worst_lost: float
    at_half: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def judge(
    make_pruner: Callable[[], optuna.pruners.BasePruner],
    curves: Sequence[LearningCurve],
    *,
    orders: int,
) -> Verdict:
    """Replay a pruner on trials in many orders, since what it does depends on what it has seen before.

    Args:
        make_pruner: Makes it anew for each order.
        curves: All trials.
        orders: How many; the same ones for every pruner.
    """
    replays = [replay(make_pruner(), order) for order in shuffle(curves, orders)]
    return Verdict(
        saved=mean(one.saved for one in replays),
        kept_best=mean(float(one.kept_best) for one in replays),
        kept_top_3=mean(one.kept_top_3 for one in replays) / 3,
        worst_kept_top_3=min(one.kept_top_3 for one in replays),
        lost=mean(one.lost for one in replays),
        worst_lost=max(one.lost for one in replays),
        at_half=mean(one.at_half for one in replays),
    )


def shuffle(curves: Sequence[LearningCurve], orders: int) -> Iterator[list[LearningCurve]]:
    """Random orders of the trials, baselines first as in every search."""
    baselines = [curve for curve in curves if curve.baseline]
    drawn = [curve for curve in curves if not curve.baseline]
    for seed in range(orders):
        yield baselines + random.Random(seed).sample(drawn, len(drawn))


def replay(pruner: optuna.pruners.BasePruner, curves: Sequence[LearningCurve]) -> Replay:
    """Let a study see trials one after the other, epoch by epoch as `engine/loop.py` reports them."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name="replay",  # Hyperband draws its brackets from the name
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(),
        pruner=pruner,
    )
    trained = [_train(study, curve) for curve in curves]
    spent = list(accumulate(trained))
    every = sum(len(curve.scores) for curve in curves)
    complete = [trial.state == TrialState.COMPLETE for trial in study.get_trials(deepcopy=False)]
    kept = [curve.final for curve in compress(curves, complete)]
    soon = [
        curve.final
        for curve, cost in compress(zip(curves, spent, strict=True), complete)
        if cost <= every / 2
    ]
    finals = sorted((curve.final for curve in curves), reverse=True)
    lost = finals[0] - max(kept)
    return Replay(
        saved=1 - spent[-1] / every,
        kept_best=lost == 0,
        kept_top_3=min(3, sum(score >= finals[2] for score in kept)),
        lost=lost,
        at_half=max(soon),
    )


def _train(study: optuna.Study, curve: LearningCurve) -> int:
    """Report a trial's epochs until it is pruned; returns how many."""
    trial = study.ask()
    for epoch, score in enumerate(curve.scores, start=1):
        trial.report(score, epoch)
        if epoch < curve.planned_epochs and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return epoch
    study.tell(trial, curve.final)
    return len(curve.scores)
