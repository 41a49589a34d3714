"""What the search process gives a worker to do: the data set, then one task after another.

The tasks' ends are those of `executors.results`; what is said meanwhile, those of `executors.messages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.limits import NO_LIMITS

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.executors.messages import WorkerLost
    from imgcls_automl.limits import Limits
    from imgcls_automl.pacing import Pacing


@dataclass(frozen=True, slots=True, kw_only=True)
class UseDataset:
    """The data set that all further tasks train on, and what `RunConfig` says of how and of which models."""

    dataset: Dataset
    metric: str
    class_weight: str
    sampling: str = "none"
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselinesTask:
    """Ask the space for its known-good points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTask:
    """Have the space draw once more: its calls are answered with what an earlier trial drew.

    Attributes:
        number: The trial's number in the study.
        folder: Where candidate.json goes; None to write none.
        baseline: Whether the point came from the space itself.
    """

    number: int
    folder: Path | None
    baseline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTask:
    """Measure how fast a candidate trains, before any time is planned: the first that keeps the run's limits.

    Attributes:
        points: Complete parameter sets of the space.
        precisions: Dtype policies to choose from, the usual one first.
    """

    points: tuple[dict[str, Any], ...]
    precisions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewTask:
    """Change some pictures as the space would in training.

    Attributes:
        places: Of the pictures in the set (P,).
        variants: How many of each, V.
        seed: Of the changes.
        file: Where they go, a `.npy` file of uint8 (V, P, H, W, C).
    """

    places: tuple[int, ...]
    variants: int
    seed: int
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTask:
    """Train one trial.

    Attributes:
        number: The trial's number in the study.
        folder: Where candidate.json, history.csv, the weights and result.json go.
        baseline: Whether the point came from the space itself.
        seed: Of this trial's weights, order and augmentation.
        epochs: Planned for each of its trainings, one a fold; the schedule is laid out for them.
        precision: The dtype policy to train with.
        deadline: When to stop whatever is reached, in seconds since the epoch; None for never.
        keep_partial: Whether a trial that the deadline cuts short still counts as complete: so while there is no
            other model yet.
        lost: How another worker was lost on this very trial: out of memory, it is trained at half its batch size; late,
            it is concluded with the epochs of its checkpoint.
    """

    number: int
    folder: Path
    baseline: bool
    seed: int
    epochs: int
    precision: str
    deadline: float | None
    keep_partial: bool = False
    lost: WorkerLost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainTask:
    """Train a candidate on train as the refit would, and score it on validation, with and without flips.

    With folds, all of that is done once a fold.

    Attributes:
        number: Its trial.
        trial_folder: Where its candidate.json and kept weights are.
        folder: Where history.csv and the last weights go.
        seed: Of this training.
        epochs: For which the schedule is laid out; 0 to score the trial's kept weights as they are.
        precision: As in `TrialTask`.
        deadline: As in `TrialTask`.
        pacing: The time that its whole schedule has to fit into; None where there is no limit.
    """

    number: int
    trial_folder: Path
    folder: Path
    seed: int
    epochs: int
    precision: str
    deadline: float | None
    pacing: Pacing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTask:
    """Train a candidate on train + validation, to be a member of an ensemble, and keep its last weights.

    Attributes:
        number: Its trial.
        trial_folder: Where its candidate.json is.
        folder: Where the weights and result.json go.
        seed: Of the retraining that it was chosen by.
        epochs: For which the schedule is laid out.
        precision: As in `TrialTask`.
        deadline: As in `TrialTask`.
        pacing: As in `RetrainTask`.
    """

    number: int
    trial_folder: Path
    folder: Path
    seed: int
    epochs: int
    precision: str
    deadline: float | None
    pacing: Pacing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A trained member of an ensemble.

    Attributes:
        trial_folder: Where its candidate.json is.
        folder: Where its weights are.
        share: What its probabilities count.
        flips: Whether it is asked of each picture and its mirror.
    """

    trial_folder: Path
    folder: Path
    share: float
    flips: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What the final model is made of.

    Attributes:
        share: What the winner's own probabilities count.
        members: The others, none of a single model.
        temperature: Divides the logarithms of its probabilities; 1 changes nothing.
        single_temperature: The same of the winner alone, which an ensemble is compared with.
    """

    share: float = 1.0
    members: tuple[Member, ...] = ()
    temperature: float = 1.0
    single_temperature: float = 1.0

    def without_members(self) -> Composition:
        """The winner alone."""
        single = self.single_temperature
        return Composition(temperature=single, single_temperature=single)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitTask:
    """Train the winner on train + validation, test it once and write `best/`.

    Attributes:
        number: The winning trial.
        trial_folder: Where its candidate.json and kept weights are.
        folder: `best/`.
        seed: As the winning trial's.
        epochs: For which the schedule is laid out; 0 to use the trial's kept weights as they are.
        precision: As in `TrialTask`.
        deadline: As in `TrialTask`.
        pacing: As in `RetrainTask`.
        flips: Whether the winner is asked of each picture and its mirror.
        composition: Of the saved model.
    """

    number: int
    trial_folder: Path
    folder: Path
    seed: int
    epochs: int
    precision: str
    deadline: float | None
    pacing: Pacing | None = None
    flips: bool = False
    composition: Composition = Composition()
