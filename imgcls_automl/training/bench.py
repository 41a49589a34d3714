"""What all trainings of one run share in one worker: space, pictures and compiled programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from imgcls_automl.executors.messages import EpochReport
from imgcls_automl.files import write_csv
from imgcls_automl.limits import NO_LIMITS
from imgcls_automl.training.fitting import build_network, fit_candidate
from imgcls_automl.training.latency import Latencies
from imgcls_automl.training.own_fit import find_own_fit, fit_own
from imgcls_automl.training.progress import Epoch, Plan, Progress
from imgcls_automl.trial_files import HISTORY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from imgcls_automl.limits import Limits
    from imgcls_automl.pacing import Pacing
    from imgcls_automl.plugin import SearchSpace
    from imgcls_automl.training.holdouts import Holdout
    from imgcls_automl.training.logbook import Logbook
    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.program import Programs
    from imgcls_automl.trial_files import StoredCandidate

_METRIC_COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1")


class TrainingTask(Protocol):
    """What `TrialTask`, `RetrainTask`, `MemberTask` and `RefitTask` have in common."""

    @property
    def seed(self) -> int: ...

    @property
    def epochs(self) -> int: ...

    @property
    def precision(self) -> str: ...

    @property
    def deadline(self) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Builds and trains the candidates of one run; `on_steps` as in `Plan`."""

    space: SearchSpace
    programs: Programs
    metric: str
    class_weight: str
    sampling: str = "none"
    limits: Limits = NO_LIMITS
    latencies: Latencies = field(default_factory=Latencies)
    on_steps: Callable[[], None] = lambda: None

    @property
    def pictures(self) -> Pictures:
        """The data set."""
        return self.programs.pictures

    @property
    def is_folded(self) -> bool:
        """Whether a trial is more than one training, one a fold."""
        return len(self.pictures.holdouts) > 1

    def build(self, task: TrainingTask, stored: StoredCandidate, holdout: Holdout) -> Any:
        """Build a candidate's network with weights seeded for a holdout."""
        return build_network(
            self.space,
            stored.candidate,
            stored.task,
            seed=holdout.seed(task.seed),
            precision=task.precision,
        )

    def train(
        self,
        task: TrainingTask,
        stored: StoredCandidate,
        network: Any,
        holdout: Holdout,
        logbook: Logbook,
        on_epoch: Callable[[Epoch], str | None],
        *,
        keeps_last: bool,
        pacing: Pacing | None = None,
    ) -> None:
        """Train a network; each epoch is scored on what is held out. A killed training is taken up where it was.

        Args:
            task: Seed, epochs and deadline.
            stored: The candidate.
            network: Freshly built from it for this holdout; trained in place.
            holdout: What to train on.
            logbook: Its last training is filled as epochs finish.
            on_epoch: Called after each epoch; returns why to stop, or None to go on.
            keeps_last: As in `Plan`.
            pacing: As in `Plan`.

        Raises:
            NotFiniteError: The loss became NaN or infinite.
        """
        plan = Plan(
            epochs=task.epochs,
            seed=holdout.seed(task.seed),
            train=holdout.train,
            validation=holdout.validation,
            epoch_size=holdout.epoch_size,
            metric=self.metric,
            class_weight=self.class_weight,
            sampling=self.sampling,
            deadline=task.deadline,
            pacing=pacing,
            keeps_last=keeps_last,
            on_steps=self.on_steps,
        )
        own = find_own_fit(self.space, network)
        if own is not None:
            # What a loop of its own has come to between two epochs, no checkpoint knows: killed, it begins anew.
            fit_own(own, network, self.pictures, plan, logbook.trainings[-1], on_epoch)
            return
        fit_candidate(
            self.space,
            stored.candidate,
            network,
            self.programs,
            plan,
            logbook.trainings[-1],
            on_epoch,
            snapshot=logbook.snapshot,
            keep=logbook.keep,
        )


def epoch_report(
    number: int | None, epochs: int, epoch: Epoch, *, fold: int | None = None, folds: int = 1
) -> EpochReport:
    """What the search process is told of an epoch."""
    return EpochReport(
        number=number,
        epoch=epoch.number,
        epochs=epochs,
        seconds=epoch.seconds,
        score=epoch.score,
        metrics=epoch.metrics,
        fold=fold or 1,
        folds=folds,
    )


def write_history(folder: Path, trainings: Sequence[Progress], *, folded: bool) -> None:
    """Write history.csv so far: of one training or, with a column more, of one a fold."""
    rows = [
        (
            epoch.number,
            datetime.fromtimestamp(epoch.ended, UTC).isoformat(timespec="milliseconds"),
            round(epoch.seconds, 4),
            *(epoch.metrics[name] for name in _METRIC_COLUMNS),
            *((fold,) if folded else ()),
        )
        for fold, progress in enumerate(trainings, start=1)
        for epoch in progress.epochs
    ]
    last = ("fold",) if folded else ()
    write_csv(folder / HISTORY, ("epoch", "time", "seconds", *_METRIC_COLUMNS, *last), rows)
