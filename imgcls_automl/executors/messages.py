"""What crosses between the search process and a worker: small picklable values, weights and pictures as paths.

search process                      worker
WorkerSetup, at the start      ->
                               <-   Ready, or Refused
UseDataset                     ->
BaselinesTask                  ->
                               <-   Baselines
ReplayTask                     ->
                               <-   SuggestCall     (answered by SuggestAnswer; any number)
                               <-   ReplayResult
PreviewTask                    ->
                               <-   PreviewResult
TrialTask                      ->
                               <-   SuggestCall     (answered by SuggestAnswer; any number)
                               <-   TrialStarted
                               <-   Pulse           (now and then, between epochs; of any task)
                               <-   EpochReport     (answered by Verdict; one an epoch)
                               <-   TrialResult
MemberTask                     ->
                               <-   EpochReport     (answered by Verdict)
                               <-   MemberResult
RefitTask                      ->
                               <-   EpochReport     (answered by Verdict)
                               <-   RefitResult

The tasks themselves are those of `executors.tasks`; what ends one with its result, of `executors.results`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from imgcls_automl.executors.causes import Failure

if TYPE_CHECKING:
    from imgcls_automl.plugin import Candidate
    from imgcls_automl.registry import PluginInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSetup:
    """What a worker needs to start: its space, and where its numbers are crunched.

    Attributes:
        space: The search space's plugin.
        space_options: Its keyword arguments.
        device: `"auto"`, `"cpu"` or `"gpu"`.
    """

    space: PluginInfo
    space_options: dict[str, str]
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The framework is loaded and the space is made.

    Attributes:
        backend: `"tensorflow"`, `"jax"` or `"torch"`.
        versions: Of Keras, the backend and NumPy.
        device: `"CPU, 2 threads"` or the GPU's name.
        precisions: The dtype policies worth trying there, `"float32"` or `"mixed_bfloat16"`, the usual one first.
        warning: Something the user should know, such as a GPU that the backend does not see.
        on_gpu: Whether training runs on a GPU.
        where: Which of several workers says so, in the user's words; the executor fills it in.
    """

    backend: str
    versions: dict[str, str]
    device: str
    precisions: tuple[str, ...]
    warning: str | None = None
    on_gpu: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The worker cannot start, or a task cannot be done; `error` is one of the user's errors."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Baselines:
    """Complete parameter sets, in the order they should be tried."""

    parameters: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLost:
    """A worker died, or had to be ended, in the middle of a task; another takes its place.

    Attributes:
        detail: How, in words that follow "trial 3 failed:".
        cause: Crash, hang or out of memory, or lost worker where it is just gone; `"timeout"` where it was ended for
            being late: no failure of its task.
    """

    detail: str
    cause: Failure | Literal["timeout"] = Failure.CRASH


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestCall:
    """`trial.<method>(**arguments)`, to be made on the study's trial."""

    method: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestAnswer:
    """What the call returned, or the exception it raised."""

    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateDrawn:
    """What `suggest` made of the calls; asks whether it is worth training."""

    number: int
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The answer: the trial that was the same candidate, or None to go on."""

    duplicate_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStarted:
    """The candidate is built and about to be trained.

    Attributes:
        number: The trial's number.
        candidate: What is trained.
        parameters: How many weights it has.
        epochs: Finished already, where the trial goes on after the search was killed or interrupted.
        where: As of `Ready`.
    """

    number: int
    candidate: Candidate
    parameters: int
    epochs: int = 0
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Steps were made, or pictures predicted, since anything was said; only whoever supervises workers hears of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochReport:
    """One finished epoch.

    Attributes:
        number: The trial's number; None in a retraining or a refit.
        epoch: Counted from 1.
        epochs: Planned.
        seconds: Training and validation of this epoch.
        score: The selection metric on validation; None in a refit, which has no validation split.
        metrics: loss, accuracy, and val_loss, val_accuracy, val_macro_f1 where there is validation.
        what: Names a training that is no trial, as `events.TrainingBegun` does; the search process fills it in.
        fold: Which of the trainings of a trial or retraining this is, from 1.
        folds: How many there are.
        where: As of `Ready`.
    """

    number: int | None
    epoch: int
    epochs: int
    seconds: float
    score: float | None
    metrics: dict[str, float]
    what: str = ""
    fold: int = 1
    folds: int = 1
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to an epoch: go on, or stop and why."""

    stop: Literal["pruned", "timeout"] | None = None
