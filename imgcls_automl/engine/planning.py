"""How a search spends what it has: epochs a training, candidates retrained, seeds each."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imgcls_automl.engine.budget import CLOSING_SECONDS
from imgcls_automl.pacing import SAFETY

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.config import Preset, RunConfig
    from imgcls_automl.engine.budget import Budget

AMPLE_PICTURES = 20_000  # with fewer to train on, more epochs are planned
MOST_EPOCHS = 100  # that are planned for that reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What search, selection and refit go by.

    Attributes:
        folder: The run's `trials/` folder.
        metric: Selection metric.
        seed: The run's.
        epochs: Planned for every training.
        precision: The Keras dtype policy all trainings use.
        refit_growth: Pictures of train + validation over those that a trial's training learns from.
        budget: Trials and seconds.
        top_k: Candidates that are retrained before one is chosen.
        seeds: Retrainings of each of them.
        folds: Trainings that a trial or a retraining takes.
        ensemble: Whether contenders may join the winner in the final model.
        workers: Trainings that run at a time without slowing each other: each has a device of its own.
        timed_trials: Trials that the time limit was expected to suffice for when the run began; None where there is
            none, or nothing was measured.
    """

    folder: Path
    metric: str
    seed: int
    epochs: int
    precision: str
    refit_growth: float
    budget: Budget
    top_k: int = 1
    seeds: int = 1
    folds: int = 1
    ensemble: bool = False
    workers: int = 1
    timed_trials: int | None = None

    @property
    def startup_trials(self) -> int:
        """Random draws before the sampler models: a quarter of a small budget, ten of a large one."""
        known = [it for it in (self.budget.trials, self.timed_trials) if it is not None]
        return max(4, min(10, min(known) // 4)) if known else 8

    @property
    def later_trainings(self) -> float:
        """What follows the search, the refit included, counted in trainings of a trial, one after another."""
        return count_later_trainings(
            self.top_k,
            self.seeds,
            refit_growth=self.refit_growth,
            folds=self.folds,
            ensemble=self.ensemble,
            workers=self.workers,
        )


def make_preset(
    config: RunConfig,
    budget: Budget,
    train_size: int,
    refit_growth: float,
    epoch_seconds: float | None,
    folds: int = 1,
    workers: int = 1,
) -> Preset:
    """Epochs, candidates and seeds of a run.

    Without a time limit they depend on the configuration and the data set's size alone, so that the same search
    gives the same trials anywhere.

    Args:
        config: The preset, and epochs where they are stated.
        budget: Its deadline.
        train_size: Pictures to train on.
        refit_growth: As in `SearchPlan`.
        epoch_seconds: As a probe has measured; None where there is no time limit, or no measure.
        folds: As in `SearchPlan`.
        workers: As in `SearchPlan`.
    """
    wanted = config.planned
    epochs = config.epochs or plan_epochs(wanted, train_size)
    if epoch_seconds is None or budget.deadline is None:
        return replace(wanted, epochs=epochs)
    left = budget.deadline - time.time()
    return fit_to_time(
        wanted,
        epochs=epochs,
        epoch_seconds=epoch_seconds,
        seconds=left,
        later_seconds=budget.later_seconds,
        refit_growth=refit_growth,
        folds=folds,
        ensemble=config.ensemble,
        workers=workers,
    )


def plan_epochs(preset: Preset, train_size: int) -> int:
    """Epochs of a preset for a data set: more, up to a hundred, where an epoch is only a few steps.

    Args:
        preset: Its epochs are meant for twenty thousand pictures and more.
        train_size: Pictures to train on.
    """
    growth = math.sqrt(AMPLE_PICTURES / max(1, train_size))
    return max(preset.epochs, min(MOST_EPOCHS, round(preset.epochs * growth)))


def fit_to_time(
    preset: Preset,
    *,
    epochs: int,
    epoch_seconds: float,
    seconds: float,
    later_seconds: float,
    refit_growth: float,
    folds: int = 1,
    ensemble: bool = False,
    workers: int = 1,
) -> Preset:
    """Shrink a preset to what fits into a time: fewer retrainings first, then shorter trainings.

    A search should have time for as many full trials as candidates are retrained, and for two at least; what
    does not leave that is given up, and so is what the search will leave no time for.

    Args:
        preset: What is wanted; of it, `top_k` and `seeds`.
        epochs: Wanted for each training.
        epoch_seconds: One epoch of a typical candidate, as measured.
        seconds: For search, selection and refit together.
        later_seconds: As of `Budget`, for selection and refit alone.
        refit_growth: As in `SearchPlan`.
        folds: As in `SearchPlan`.
        ensemble: As in `SearchPlan`.
        workers: As in `SearchPlan`.
    """
    training = epoch_seconds * epochs
    trainings = (seconds - CLOSING_SECONDS) / (SAFETY * training)
    for top_k, seeds in list_selections(preset.top_k, preset.seeds):
        later = count_later_trainings(
            top_k,
            seeds,
            refit_growth=refit_growth,
            folds=folds,
            ensemble=ensemble,
            workers=workers,
        )
        trials = math.ceil(max(2, top_k) / workers)
        fits = trials * folds + later <= trainings
        if fits and later * training <= later_seconds:
            return replace(preset, epochs=epochs, top_k=top_k, seeds=seeds)
    short = math.floor(epochs * trainings / (folds + refit_growth))
    return replace(preset, epochs=max(1, min(epochs, short)), top_k=1, seeds=1)


def expect_trials(
    preset: Preset,
    budget: Budget,
    epoch_seconds: float | None,
    *,
    refit_growth: float,
    folds: int,
    ensemble: bool,
    workers: int,
) -> int | None:
    """Trials, each trained to its end, that the search will have time for; None where that is not limited or not known.

    Args:
        preset: As `make_preset` has made it.
        budget: Its time limit.
        epoch_seconds: As a probe has measured.
        refit_growth: As in `SearchPlan`.
        folds: As in `SearchPlan`.
        ensemble: As in `SearchPlan`.
        workers: As in `SearchPlan`.
    """
    if epoch_seconds is None:
        return None
    training = epoch_seconds * preset.epochs
    later = count_later_trainings(
        preset.top_k,
        preset.seeds,
        refit_growth=refit_growth,
        folds=folds,
        ensemble=ensemble,
        workers=workers,
    )
    deadline = budget.search_deadline(later * training)
    if deadline is None:
        return None
    return max(0, math.floor((deadline - time.time()) * workers / (folds * training)))


def count_retrainings(top_k: int, seeds: int) -> int:
    """How often candidates are trained again; a single one with a single seed is not."""
    return 0 if top_k * seeds == 1 else top_k * seeds


def count_later_trainings(
    top_k: int, seeds: int, *, refit_growth: float, folds: int, ensemble: bool, workers: int
) -> float:
    """What follows the search, the refit included, counted in trainings of a trial, one after another.

    For an ensemble the other contenders are trained on train + validation at most, before the winner is.
    """
    retrainings = math.ceil(count_retrainings(top_k, seeds) / workers)
    members = math.ceil((top_k * seeds - 1) / workers) if ensemble else 0
    return retrainings * folds + (members + 1) * refit_growth


def list_selections(top_k: int, seeds: int) -> list[tuple[int, int]]:
    """Candidates and seeds from what is wanted to the least: first fewer seeds, then fewer candidates.

    Seeds tell more surely which candidate is better, but one candidate leaves nothing to choose from.
    """
    fewer_seeds = [(top_k, count) for count in range(seeds, 0, -1)]
    return fewer_seeds + [(count, 1) for count in range(top_k - 1, 0, -1)]
