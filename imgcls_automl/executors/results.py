"""How tasks end: what a worker sends back at last, and what result.json holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

TrialState = Literal["complete", "pruned", "failed", "infeasible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What was measured.

    Attributes:
        precision: The dtype policy to train with.
        epoch_seconds: One epoch on train with its validation; None where no candidate could be trained.
    """

    precision: str
    epoch_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewResult:
    """The pictures are written; `strengths` are those of the changes that were made, by name."""

    strengths: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """The space has drawn; `refusal` says why it would not, None where it did."""

    refusal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """How a trial ended; what result.json holds.

    Attributes:
        number: The trial's number.
        state: As counted by `--trials`.
        score: The selection metric at the kept epoch, with folds the mean of theirs; None where no epoch was finished.
        metric: The selection metric's name.
        epoch: The kept epoch, the best by score, counted from 1; None with folds, which keep one each.
        epochs: Finished, over all folds.
        planned_epochs: As laid out, over all folds.
        seconds: Wall-clock time of the trial.
        parameters: Number of weights; None where the model could not be built.
        cause: Why it is not complete: `"pruned"`, `"timeout"`, or one of `executors.causes`.
        detail: One line about the cause; of a complete trial, what was not as its candidate was drawn.
        metrics: Of the kept epoch, with folds the means of theirs.
        fold_scores: Of the folds whose training ended, in their order; empty without folds.
        batch_size: That it was trained with, which may be half of what was drawn; None where nothing was drawn.
        flops: As in `limits.ModelCost`; None where the model could not be built.
        latency_ms: As there; measured of those that a limit of it is checked on, and of those that are retrained.
        violations: By how much a refused candidate is above its limits, as shares of them, by option.
    """

    number: int
    state: TrialState
    score: float | None
    metric: str
    epoch: int | None
    epochs: int
    planned_epochs: int
    seconds: float
    parameters: int | None
    cause: str | None = None
    detail: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    fold_scores: tuple[float, ...] = ()
    batch_size: int | None = None
    flops: int | None = None
    latency_ms: float | None = None
    violations: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainResult:
    """How a retraining ended.

    Attributes:
        number: The trial.
        seed: Of the training.
        score: The selection metric on validation with the last weights, with folds the mean of theirs; None where
            training was cut short or diverged.
        flipped_score: The same, averaged over pictures and their mirrors.
        loss: Cross-entropy on validation, with folds on the pictures of all of them.
        flipped_loss: The same, averaged over pictures and their mirrors.
        epochs: Trained.
        seconds: Of it.
        look_seconds: That the network took for a picture of validation, each of the two times that it saw it.
        shortened: Whether its schedule was brought to its end in fewer epochs than planned, for want of time.
    """

    number: int
    seed: int
    score: float | None
    flipped_score: float | None
    loss: float
    flipped_loss: float
    epochs: int
    seconds: float
    look_seconds: float = 0.0
    shortened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberResult:
    """How the training of an ensemble's member ended.

    Attributes:
        number: The trial.
        seed: Of the training.
        whole: Whether it came to the end of its schedule; only then it is of use.
        epochs: Trained.
        seconds: Of it.
    """

    number: int
    seed: int
    whole: bool
    epochs: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitResult:
    """The model is saved and tested.

    Attributes:
        epochs: Trained in the refit; 0 where the trial's weights were taken.
        seconds: Of the refit's training.
        metrics: What best/metrics.json holds.
        members: Networks in it beside the winner's.
        shortened: As of a `RetrainResult`.
    """

    epochs: int
    seconds: float
    metrics: dict[str, Any]
    members: int = 0
    shortened: bool = False
