"""What a trial comes to: noted as it goes, and brought into its result at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from imgcls_automl.executors.results import TrialResult
from imgcls_automl.training.logbook import Logbook

if TYPE_CHECKING:
    from imgcls_automl.executors.results import TrialState
    from imgcls_automl.executors.tasks import TrialTask
    from imgcls_automl.limits import ModelCost
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.failures import TrialEndedError
    from imgcls_automl.training.progress import Progress
    from imgcls_automl.trial_files import StoredCandidate


@dataclass(slots=True)
class Course:
    """What a trial has come to so far.

    Attributes:
        stored: Its candidate, once it is drawn.
        logbook: Of its trainings, once they begin.
        before: Seconds they had taken in a process that was killed.
        cost: Of its network, once that is built.
        trains_itself: Whether its network comes with a training of its own, which chooses its batches too.
        state: That it ends in, unless it comes otherwise.
        cause: Why it is not complete, or was cut short.
        detail: One line about the cause.
        violations: As in `TrialResult`.
    """

    stored: StoredCandidate | None = None
    logbook: Logbook | None = None
    before: float = 0.0
    cost: ModelCost | None = None
    trains_itself: bool = False
    state: TrialState = "complete"
    cause: str | None = None
    detail: str | None = None
    violations: dict[str, float] = field(default_factory=dict)

    @property
    def trainings(self) -> list[Progress]:
        """One a fold, as far as they have begun."""
        return self.logbook.trainings if self.logbook else []

    def begin(self, task: TrialTask) -> Logbook:
        """Open the logbook of its candidate's trainings, which may have begun in a process that was killed."""
        assert self.stored is not None, "a candidate is drawn before it is trained"
        self.logbook = Logbook(task.folder, task, self.stored)
        self.before += self.logbook.before
        return self.logbook

    def end(self, ended: TrialEndedError) -> None:
        """Note that it cannot go on."""
        self.state, self.cause, self.detail = ended.state, ended.cause, str(ended)
        self.violations = ended.violations


def list_scored(trainings: list[Progress]) -> list[Progress]:
    """The trainings a trial is scored by: those that ran their course or, where none did, the one cut short."""
    ended = [it for it in trainings if it.ran_its_course]
    return ended or [it for it in trainings if it.best is not None][:1]


def conclude(course: Course, task: TrialTask, bench: Bench, *, seconds: float) -> TrialResult:
    """Bring what a trial has come to into its result; `seconds` is what it took."""
    folds = len(bench.pictures.holdouts)
    kept = [it.best for it in list_scored(course.trainings) if it.best is not None]
    scores = [epoch.score for epoch in kept if epoch.score is not None]
    ended = any(it.ran_its_course for it in course.trainings)
    stored, cost = course.stored, course.cost
    return TrialResult(
        number=task.number,
        state=course.state,
        score=fmean(scores) if scores else None,
        metric=bench.metric,
        epoch=kept[0].number if kept and folds == 1 else None,
        epochs=sum(len(it.epochs) for it in course.trainings),
        planned_epochs=task.epochs * folds,
        seconds=seconds,
        parameters=cost.parameters if cost else None,
        cause=course.cause,
        detail=_describe(course),
        metrics=_average([epoch.metrics for epoch in kept]),
        fold_scores=tuple(scores) if folds > 1 and ended else (),
        batch_size=stored.candidate.training.batch_size if stored else None,
        flops=cost.flops if cost else None,
        latency_ms=cost.latency_ms if cost else None,
        violations=course.violations,
    )


def _describe(course: Course) -> str | None:
    """The detail, with what became of the batch size."""
    stored = course.stored
    if stored is None or stored.drawn_batch_size is None:
        return course.detail
    size = stored.candidate.training.batch_size
    halved = f"out of memory at batch size {stored.drawn_batch_size}, trained at {size}"
    return halved if course.detail is None else f"{course.detail} ({halved})"


def _average(metrics: list[dict[str, float]]) -> dict[str, float]:
    return {name: fmean(it[name] for it in metrics) for name in metrics[0]} if metrics else {}
