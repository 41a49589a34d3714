"""What a run tells whoever watches it, beside the `TrialStarted`, `EpochReport` and `TrialResult` of its workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.config import Preset, RunConfig
    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.engine.budget import Budget
    from imgcls_automl.executors.messages import Ready
    from imgcls_automl.executors.results import TrialResult
    from imgcls_automl.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegun:
    """The configuration is resolved and the run folder is made."""

    config: RunConfig
    folder: RunFolder
    budget: Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReady:
    """The pictures are read, checked and split."""

    dataset: Dataset
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReady:
    """A worker has loaded its framework."""

    ready: Ready


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """How the time is going to be spent.

    Attributes:
        preset: What every trial gets.
        wanted: What was asked for.
        precision: The Keras dtype policy.
        folds: Trainings of each trial; None where there is a validation split, and one training.
        untried: Whether bfloat16, in which the processor computes, might save time, but nothing was tried: without
            a time limit the same search has to give the same trials.
    """

    preset: Preset
    wanted: Preset
    precision: str
    folds: int | None = None
    untried: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsFound:
    """A resumed search begins with these trials, which earlier commands have finished."""

    results: list[TrialResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsCarried:
    """A run begins with what another has tried.

    Attributes:
        origin: That run's folder.
        what: `"trials"` (whole), `"scores"` or `"parameters"`.
        numbers: Of the trials: here -> there.
        queued: Parameters that will be tried before anything else.
    """

    origin: Path
    what: str
    numbers: dict[int, int]
    queued: int

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "run": str(self.origin),
            "what": self.what,
            "trials": {str(new): old for new, old in self.numbers.items()},
            "queued": self.queued,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStanding:
    """Where the search stands: told as it begins, after each trial, and when its deadline moves.

    Attributes:
        counted: Trials that `--trials` counts, those of earlier commands included.
        best_trial: The best complete trial's number; None while there is none.
        best_score: Its score.
        deadline: When the search has to end to leave time for what follows it, in seconds since the epoch; None
            without a time limit.
    """

    counted: int
    best_trial: int | None
    best_score: float | None
    deadline: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStopped:
    """The search ended before its budget was spent, because more trials would have told nothing."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsLost:
    """A file of a contender's kept weights is missing or damaged: it is trained again."""

    trial: int
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionBegun:
    """The search is over; these trials, the best first, contend for the refit.

    Attributes:
        trials: Their numbers.
        seeds: Trainings of each; a single trial with a single seed is not trained again.
        fewer: Whether the time left allows fewer trainings than were planned.
    """

    trials: list[int]
    seeds: int
    fewer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBegun:
    """A worker begins a training that is no trial; `what` names it: `"retraining of trial 3"`."""

    what: str
    epochs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingEnded:
    """That training has ended, however it did."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleChosen:
    """These trials, or none, join the winner; `note` tells why it is not all that was wanted."""

    trials: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitBegun:
    """The winner is trained once more. `epochs` is 0 where there is too little time for that."""

    number: int
    epochs: int
    planned_epochs: int
