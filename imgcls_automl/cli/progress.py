"""What the live screen knows of a run: each event changes it, and drawing only reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.cli import training_wording, wording
from imgcls_automl.cli.durations import format_seconds
from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.events import (
    DatasetReady,
    EnsembleChosen,
    PlanMade,
    RefitBegun,
    RunBegun,
    SearchStanding,
    SelectionBegun,
    TrainingBegun,
    TrainingEnded,
    TrialsFound,
    WorkerReady,
)
from imgcls_automl.executors.causes import TIMEOUT
from imgcls_automl.executors.messages import EpochReport, TrialStarted
from imgcls_automl.executors.results import RetrainResult, TrialResult

if TYPE_CHECKING:
    from imgcls_automl.engine.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Work that is under way: `done` of `total`, None where that is not known; `where` of several workers."""

    what: str
    done: int
    total: int | None
    told: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A training that has ended, as texts.

    Attributes:
        trial: The trial's number; None for a retraining.
        state: A trial's state, or `"retrained"`.
        told: What became of it: the state, or why it failed.
    """

    trial: int | None
    state: str
    told: str
    number: str
    score: str
    epochs: str
    time: str


class Progress:
    """The state of a run, as far as its events have told.

    Attributes:
        stage: What is being done.
        device: Where training happens; empty until that is known.
        outcomes: Trials and retrainings that have ended, in that order.
        bars: What is under way, by its name.
        budget: None until the run has begun.
        standing: As the search last told it; None before it has begun.
        searching: Whether the search's own time is running.
        retrains: Whether candidates are going to be retrained, or are.
    """

    def __init__(self) -> None:
        self.stage = "Starting"
        self.device = ""
        self.outcomes: list[Outcome] = []
        self.bars: dict[str, Bar] = {}
        self.budget: Budget | None = None
        self.standing: SearchStanding | None = None
        self.searching = False
        self.retrains = False

    def observe(self, event: Any) -> None:
        """Take in an event of `imgcls_automl.events`, or a worker's message; others change nothing."""
        match event:
            case RunBegun():
                self.budget, self.stage = event.budget, "Reading the pictures"
            case IngestProgress():
                self.bars["pictures"] = _draw_reading(event)
            case DatasetReady():
                self.bars.clear()
                self.stage = "Loading the framework"
            case WorkerReady():
                self.device, self.stage = wording.describe_device(event.ready), "Planning"
            case PlanMade():
                self.retrains = event.preset.top_k * event.preset.seeds > 1
            case TrialsFound():
                self.outcomes = [_tell_trial(result) for result in event.results]
            case SearchStanding():
                self.standing, self.searching, self.stage = event, True, "Searching"
            case SelectionBegun():
                self._begin("Choosing the winner")
            case EnsembleChosen(trials=trials) if trials:
                self._begin("Training the ensemble")
            case RefitBegun():
                self.retrains = False
                self._begin(f"{'Refitting' if event.epochs else 'Testing'} trial {event.number}")
            case _:
                self._observe_training(event)

    def _begin(self, stage: str) -> None:
        self.bars.clear()
        self.searching, self.stage = False, stage

    def _observe_training(self, event: Any) -> None:
        match event:
            case TrialStarted():
                told = f"{event.parameters:,} parameters"
                what = f"trial {event.number}"
                self.bars[what] = Bar(what=what, done=0, total=None, told=told, where=event.where)
            case TrainingBegun():
                told = f"epoch 0/{event.epochs}"
                self.bars[event.what] = Bar(what=event.what, done=0, total=event.epochs, told=told)
            case EpochReport():
                bar = _draw_epoch(event)
                self.bars[bar.what] = bar
            case TrialResult():
                self.bars.pop(f"trial {event.number}", None)
                self.outcomes.append(_tell_trial(event))
            case RetrainResult(epochs=epochs) if epochs:
                self.outcomes.append(_tell_retraining(event))
            case TrainingEnded():
                self.bars.pop(event.what, None)


def _draw_reading(event: IngestProgress) -> Bar:
    what, _, told = wording.describe_reading(event).partition(": ")
    return Bar(what=what, done=event.done, total=event.total, told=told)


def _draw_epoch(report: EpochReport) -> Bar:
    score = (
        f"score {report.score:.4f}"
        if report.score is not None
        else f"loss {report.metrics['loss']:.4f}"
    )
    return Bar(
        what=report.what or f"trial {report.number}",
        done=(report.fold - 1) * report.epochs + report.epoch,
        total=report.folds * report.epochs,
        told=f"{training_wording.describe_epoch(report, '/')}  {score}",
        where=report.where,
    )


def _tell_trial(result: TrialResult) -> Outcome:
    told: str = result.state
    if result.state == "failed" and result.cause:
        told = result.cause
    elif result.cause == TIMEOUT:
        told = "out of time"
    return Outcome(
        trial=result.number,
        state=result.state,
        told=told,
        number=str(result.number),
        score=_format(result.score),
        epochs=f"{result.epochs}/{result.planned_epochs}",
        time=format_seconds(result.seconds),
    )


def _tell_retraining(result: RetrainResult) -> Outcome:
    return Outcome(
        trial=None,
        state="retrained" if result.score is not None else "failed",
        told="retrained" if result.score is not None else "cut short",
        number=str(result.number),
        score=_format(result.score),
        epochs=str(result.epochs),
        time=format_seconds(result.seconds),
    )


def _format(score: float | None) -> str:
    return "" if score is None else f"{score:.4f}"
