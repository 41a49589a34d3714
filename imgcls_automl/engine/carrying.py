"""The trials of another run carried over to a new one, as far as they still mean something there."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import METRICS
from imgcls_automl.engine.replaying import DoesNotFitError, replay_draws
from imgcls_automl.engine.retelling import find_finished, tell_found
from imgcls_automl.engine.study import BASELINE
from imgcls_automl.errors import RunFolderError
from imgcls_automl.events import TrialsCarried
from imgcls_automl.executors.causes import CARRIED_OVER
from imgcls_automl.trial_files import (
    CANDIDATE,
    HISTORY,
    read_candidate,
    read_result,
    write_result,
)
from imgcls_automl.trial_history import read_history, score_column

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import optuna

    from imgcls_automl.config import RunConfig
    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.results import TrialResult
    from imgcls_automl.forking import Origin
    from imgcls_automl.trial_files import StoredCandidate

logger = logging.getLogger(__name__)

_Found = tuple["TrialResult", "StoredCandidate"]


def carry_trials(
    study: optuna.Study,
    executor: Executor,
    origin: Origin,
    dataset: Dataset,
    config: RunConfig,
    trials: Path,
) -> TrialsCarried:
    """Begin a new run with what another has tried. What is carried over depends on what has changed:

    - nothing that a score depends on: the trials whole, with their numbers, weights and results;
    - the space, its version or the metric: the scores of trials whose parameters the space still draws, by the new
      metric where history.csv holds it. They tell the sampler where to look and are named "carried over"; the best of
      them are trained again first, because a winner has to be one of this run's own;
    - the data: scores mean nothing there, so the parameters of all complete trials are to be tried again, best first.

    Damaged trials are left out, and named in the log.

    Args:
        study: The new run's, still empty.
        executor: Has the space draw what the other run's drew.
        origin: The other run.
        dataset: The new run's.
        config: The new run's.
        trials: The new run's `trials/` folder.
    """
    found = dict(_read_found(origin.path / "trials"))
    same_data = origin.dataset is not None and origin.dataset["fingerprint"] == dataset.fingerprint
    if not same_data:
        complete = _rank(found, origin.metric)
        queued = _enqueue(study, executor, [found[number] for number in complete])
        return _describe(origin, "parameters", {}, queued)
    if origin.same_space and origin.metric == config.metric:
        return _describe(origin, "trials", _copy_whole(found, origin, trials), 0)
    carried = _carry_scores(study, executor, found, origin, config.metric, trials)
    best = _rank(carried, config.metric)
    top = [carried[number] for number in best[: config.planned.top_k]]
    queued = _enqueue(study, executor, top)
    numbers = {new: stored.number for new, (_, stored) in carried.items()}
    return _describe(origin, "scores", numbers, queued)


def _describe(origin: Origin, what: str, numbers: dict[int, int], queued: int) -> TrialsCarried:
    return TrialsCarried(origin=origin.path, what=what, numbers=numbers, queued=queued)


def _read_found(trials: Path) -> Iterable[tuple[int, _Found]]:
    """The finished trials of the other run that can be read and have a candidate."""
    for number in find_finished(trials):
        folder = trials / str(number)
        try:
            result = read_result(folder)
            stored = read_candidate(folder) if (folder / CANDIDATE).is_file() else None
        except RunFolderError as error:
            logger.warning("Trial %d is not carried over: %s", number, error)
            continue
        if result is not None and stored is not None and result.cause != CARRIED_OVER:
            yield number, (result, stored)


def _rank(found: dict[int, _Found], metric: str) -> list[int]:
    sign = -1.0 if METRICS[metric] == "maximize" else 1.0
    complete = [
        (sign * result.score, number)
        for number, (result, _) in found.items()
        if result.state == "complete" and result.score is not None
    ]
    return [number for _, number in sorted(complete)]


def _enqueue(study: optuna.Study, executor: Executor, found: Iterable[_Found]) -> int:
    """Have parameters tried before anything the sampler draws; those the space no longer draws are left out."""
    queued = 0
    for result, stored in found:
        try:
            replay_draws(executor, stored.params, number=result.number)
        except DoesNotFitError as error:
            logger.warning("Trial %d does not fit any more: %s", result.number, error)
            continue
        attributes = {BASELINE: True} if stored.baseline else None
        study.enqueue_trial(stored.params, user_attrs=attributes)
        queued += 1
    return queued


def _copy_whole(found: dict[int, _Found], origin: Origin, trials: Path) -> dict[int, int]:
    """Copy trial folders; the study is then told of them as of any result that it does not know."""
    for new, number in enumerate(found):
        shutil.copytree(origin.path / "trials" / str(number), trials / str(new))
        if new != number:  # damaged ones before it were left out
            write_result(trials / str(new), replace(found[number][0], number=new))
    return dict(enumerate(found))


def _carry_scores(
    study: optuna.Study,
    executor: Executor,
    found: dict[int, _Found],
    origin: Origin,
    metric: str,
    trials: Path,
) -> dict[int, _Found]:
    """Tell the study the scores that still mean something; returns them by their numbers in the new run."""
    carried: dict[int, _Found] = {}
    for number, (result, stored) in found.items():
        old, new = origin.path / "trials" / str(number), len(carried)
        scored = _score_again(result, old, metric)
        if scored is None:
            continue
        folder = trials / str(new)
        folder.mkdir()
        try:
            replay_draws(
                executor, stored.params, number=new, folder=folder, baseline=stored.baseline
            )
        except DoesNotFitError as error:
            logger.warning("Trial %d does not fit any more: %s", number, error)
            shutil.rmtree(folder)
            continue
        if (old / HISTORY).is_file():
            shutil.copyfile(old / HISTORY, folder / HISTORY)
        told = replace(scored, number=new, detail=f"trial {number} of {origin.path.name}")
        write_result(folder, told)
        tell_found(study, executor, None, new, told, read_candidate(folder), trials=trials)
        carried[new] = (told, stored)
    return carried


def _score_again(result: TrialResult, folder: Path, metric: str) -> TrialResult | None:
    """A result by another metric, from history.csv; None where the trial has no score by it."""
    if result.state not in ("complete", "pruned") or result.score is None:
        return None
    if result.metric == metric:
        return replace(result, cause=CARRIED_OVER)
    best = _find_best_epochs(folder, metric)
    if not best:
        return None
    scores = tuple(epoch[score_column(metric)] for epoch in best)
    alone = best[0] if len(best) == 1 and not result.fold_scores else None
    return replace(
        result,
        cause=CARRIED_OVER,
        metric=metric,
        score=fmean(scores),
        epoch=int(alone["epoch"]) if alone else None,
        metrics={},
        fold_scores=scores if result.fold_scores else (),
    )


def _find_best_epochs(folder: Path, metric: str) -> list[dict[str, float]]:
    """The epoch with the best score of each fold, or of the one training."""
    column = score_column(metric)
    by_fold: dict[float, list[dict[str, Any]]] = {}
    for epoch in read_history(folder):
        if column in epoch:
            by_fold.setdefault(epoch.get("fold", 1.0), []).append(epoch)
    choose = max if METRICS[metric] == "maximize" else min
    return [choose(epochs, key=lambda it: it[column]) for _, epochs in sorted(by_fold.items())]
