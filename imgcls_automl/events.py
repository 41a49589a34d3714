"""What a run tells whoever watches it, beside the `TrialStarted`, `EpochReport` and `TrialResult` of its workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.config import Preset, RunConfig
    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.engine.budget import Budget
    from imgcls_automl.executors.messages import Ready
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
    """How the time is going to be spent; `wanted` is what the preset asked for."""

    preset: Preset
    wanted: Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionBegun:
    """The search is over; these trials, the best first, contend for the refit."""

    trials: list[int]
    seeds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitBegun:
    """The winner is trained once more. `epochs` is 0 where there is no time for that."""

    number: int
    epochs: int
    planned_epochs: int
