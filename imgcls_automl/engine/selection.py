"""Which candidate wins: the best ones trained again with other seeds, and the better mean taken."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

from imgcls_automl.engine.kept_weights import restore_weights
from imgcls_automl.engine.planning import list_selections
from imgcls_automl.engine.retrainings import do_retrainings, plan_retraining, recall_retraining
from imgcls_automl.engine.study import ranked_trials
from imgcls_automl.engine.time_shares import measure_epoch
from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.events import SelectionBegun
from imgcls_automl.pacing import span_trainings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import optuna

    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.results import RetrainResult
    from imgcls_automl.executors.tasks import RetrainTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One of the candidates the winner is chosen from.

    Attributes:
        trial: Its number.
        score: Its mean validation score, with flips where they help it.
        flips: Whether averaging over mirrored pictures helps it on validation.
        results: Its trainings.
    """

    trial: int
    score: float
    flips: bool
    results: tuple[RetrainResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The winner and how it was chosen.

    Attributes:
        winner: The one that is refitted.
        contenders: All, in the order of their trials' scores.
        retrained: Whether they were trained again; if not, the only one was judged by its trial's kept weights.
    """

    winner: Contender
    contenders: tuple[Contender, ...]
    retrained: bool

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "winner": self.winner.trial,
            "flips": self.winner.flips,
            "retrained": self.retrained,
            "contenders": [asdict(contender) for contender in self.contenders],
        }


def select_winner(
    study: optuna.Study, executor: Executor, plan: SearchPlan, observe: Callable[[Any], None]
) -> Selection:
    """Retrain the top candidates on train and choose by their mean validation score.

    A score from the search is the luckiest of many; a training with a fresh seed is not, and it is what the refit
    does: full schedule, no early stopping, last weights. With one candidate and one seed there is nothing to choose,
    and its trial's kept weights are only asked whether flips help. Fewer are retrained where time is short; where no
    retraining came to its end, the best trial wins as it is. With folds each retraining is one a fold, and its score
    the mean of theirs. Kept weights that are lost are made again first.

    Raises:
        RunFolderError: They are, and cannot be made again.
        BrokenPluginError: Two workers died even on that.
    """
    best_first = [trial.number for trial in ranked_trials(study)]
    ranked = restore_weights(executor, plan, best_first, observe)
    possible = _list_possible(plan, len(ranked))
    top_k, seeds = _find_affordable(plan, ranked, possible)
    fewer = (top_k, seeds) != possible[0]
    observe(SelectionBegun(trials=ranked[:top_k], seeds=seeds, fewer=fewer))
    contenders: list[Contender] = []
    retrained = top_k * seeds > 1
    if retrained:
        tasks = [
            plan_retraining(plan, number, index, epochs=plan.epochs)
            for number in ranked[:top_k]
            for index in range(seeds)
        ]
        contenders = _hold(executor, plan, tasks, observe)
    if not contenders:
        retrained = False
        only = [plan_retraining(plan, ranked[0], 0, epochs=0)]
        contenders = _hold(executor, plan, only, observe)
    if not contenders:
        raise BrokenPluginError(
            f"No worker lived through trial {ranked[0]}'s validation.\nSee the run's log.txt."
        )
    best = max if plan.metric != "log_loss" else min
    winner = best(contenders, key=lambda contender: contender.score)
    return Selection(winner=winner, contenders=tuple(contenders), retrained=retrained)


def _list_possible(plan: SearchPlan, candidates: int) -> list[tuple[int, int]]:
    """Candidates and seeds that may be retrained, the most first.

    Where a single candidate is left of several that were planned, training it several times chooses nothing; but an
    ensemble may be made of that.
    """
    selections = list_selections(min(plan.top_k, candidates), plan.seeds)
    left_alone = candidates == 1 < plan.top_k
    return [(1, 1)] if left_alone and not plan.ensemble else selections


def _find_affordable(
    plan: SearchPlan, ranked: list[int], possible: list[tuple[int, int]]
) -> tuple[int, int]:
    """The most candidates and seeds that can still be trained, keeping time for a full refit of the first.

    The search has kept back more than that takes. Asked for the same margin once more, the moments between its
    deadline and the end of its last trial would cost a candidate; where the margin is missed, schedules are shortened.
    """
    for top_k, seeds in possible:
        seconds = _estimate_seconds(plan, ranked[:top_k], seeds)
        if plan.budget.has_time_for(seconds, safety=1.0):
            return top_k, seeds
    return 1, 1


def _estimate_seconds(plan: SearchPlan, numbers: list[int], seeds: int) -> float:
    """Seconds that retraining some trials, and then a refit of the first, will take."""
    training = [measure_epoch(plan, number) * plan.epochs for number in numbers]
    refit = training[0] * plan.refit_growth
    if len(numbers) * seeds == 1:
        return refit
    missing = [
        seconds * plan.folds
        for number, seconds in zip(numbers, training, strict=True)
        for _ in range(_count_missing(plan, number, seeds))
    ]
    return span_trainings(missing, plan.workers) + refit


def _count_missing(plan: SearchPlan, number: int, seeds: int) -> int:
    """How many of a trial's retrainings have no result on the disk, from before the search was killed."""
    tasks = (plan_retraining(plan, number, index, epochs=plan.epochs) for index in range(seeds))
    return sum(recall_retraining(plan, task) is None for task in tasks)


def _hold(
    executor: Executor,
    plan: SearchPlan,
    tasks: Sequence[RetrainTask],
    observe: Callable[[Any], None],
) -> list[Contender]:
    """Have those tasks done that have no result on the disk yet, and judge all that came to a score."""
    results = do_retrainings(executor, plan, tasks, observe)
    scored = [result for result in results if result is not None and result.score is not None]
    contenders = []
    for number in dict.fromkeys(task.number for task in tasks):
        own = tuple(result for result in scored if result.number == number)
        if own:
            contenders.append(_make_contender(plan, number, own))
    return contenders


def _make_contender(plan: SearchPlan, number: int, results: tuple[RetrainResult, ...]) -> Contender:
    plain = mean(result.score for result in results if result.score is not None)
    flipped = mean(result.flipped_score for result in results if result.flipped_score is not None)
    gain = plain - flipped if plan.metric == "log_loss" else flipped - plain
    # The loss is the steadier of the two measures: flips have to help it, and not to hurt the score.
    flips = gain >= 0 and mean(r.flipped_loss for r in results) < mean(r.loss for r in results)
    return Contender(trial=number, score=flipped if flips else plain, flips=flips, results=results)
