"""The rows of a leaderboard: the order of trials that can be compared, and what is told of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import stdev
from typing import TYPE_CHECKING, Any

from imgcls_automl.results.figures import lower_is_better
from imgcls_automl.results.ties import are_tied, measure_interval
from imgcls_automl.results.trial_record import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.scores import Estimate, TestScores
    from imgcls_automl.results.trial_record import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A trial among those of several runs; `name` is its run's."""

    name: str
    run: RunRecord
    trial: TrialRecord

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of its score; None where nothing tells it."""
        return measure_interval(self.run, self.trial)


def rank_trials(runs: Mapping[str, RunRecord]) -> Iterator[tuple[int | None, Ranked]]:
    """Yield the trials of comparable runs, best first; only those that are complete have a rank, from 1."""
    trials = [
        Ranked(name=name, run=run, trial=trial)
        for name, run in runs.items()
        for trial in run.trials
    ]
    for rank, ranked in enumerate(sorted(trials, key=_sort_key), start=1):
        yield (rank if ranked.trial.state == "complete" else None), ranked


def make_row(
    ranked: Ranked, rank: int | None, *, leader: Ranked | None, test: TestScores | None
) -> dict[str, Any]:
    """The values of a trial by column.

    Args:
        ranked: The trial.
        rank: None where it has none.
        leader: What ties are judged against.
        test: What its run's winner reached on the test split.
    """
    run, trial = ranked.run, ranked.trial
    row: dict[str, Any] = {
        "rank": rank,
        "trial": trial.number,
        "state": trial.state,
        "score": trial.score,
        "metric": run.metric,
        "params": trial.parameters,
        "epochs": trial.epochs,
        "seconds": trial.seconds,
        "space": run.space,
        "plugin": run.plugins["space"].origin if "space" in run.plugins else None,
    }
    row.update((f"model.{key}", value) for key, value in trial.model.items())
    row.update((f"training.{key}", value) for key, value in trial.training.items())
    row["folds"] = run.folds
    row["fold_sd"] = stdev(trial.fold_scores) if len(trial.fold_scores) > 1 else None
    contender = run.selection.find(trial.number) if run.selection else None
    row["retrained_score"] = contender.score if contender and contender.retrained else None
    row["winner"] = trial.number == run.best_trial
    row["baseline"] = trial.baseline
    row["majority_floor"] = run.floor
    row["cause"] = trial.cause
    row["run"] = ranked.name
    row["data"] = run.data
    row["fingerprint"] = run.dataset.fingerprint if run.dataset else None
    row["flops"] = trial.flops
    row["latency_ms"] = trial.latency_ms
    row["size_bytes"] = trial.size_bytes
    row["low"], row["high"] = ranked.interval or (None, None)
    row["tied"] = _is_tied(ranked, leader)
    if test is not None and row["winner"]:
        row |= _describe_test(test.metrics.get(run.metric))
    return row


def _describe_test(tested: Estimate | None) -> dict[str, float]:
    """What there is of value and interval: where nothing could be measured they are NaN, which JSON has none of."""
    if tested is None:
        return {}
    values = {"test_score": tested.value, "test_low": tested.low, "test_high": tested.high}
    return {name: value for name, value in values.items() if not math.isnan(value)}


def _is_tied(ranked: Ranked, leader: Ranked | None) -> bool:
    if leader is None or ranked.trial.state != "complete" or ranked.trial is leader.trial:
        return False
    return are_tied(leader.run, leader.trial, ranked.run, ranked.trial)


def _sort_key(ranked: Ranked) -> tuple[int, bool, float, int]:
    trial = ranked.trial
    score = trial.score or 0.0
    badness = score if lower_is_better(ranked.run.metric) else -score
    return STATES.index(trial.state), trial.score is None, badness, trial.number
