"""What all trainings of one run share in one worker: space, pictures and compiled programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from imgcls_automl.executors.messages import EpochReport
from imgcls_automl.files import write_csv
from imgcls_automl.training.fitting import Epoch, Plan, Progress, build_network, fit_candidate
from imgcls_automl.trial_files import HISTORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgcls_automl.plugin import SearchSpace
    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.program import Programs
    from imgcls_automl.trial_files import StoredCandidate

_METRIC_COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1")


class TrainingTask(Protocol):
    """What `TrialTask`, `RetrainTask` and `RefitTask` have in common."""

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
    """Builds and trains the candidates of one run."""

    space: SearchSpace
    programs: Programs
    metric: str
    class_weight: str

    @property
    def pictures(self) -> Pictures:
        """The data set."""
        return self.programs.pictures

    def build(self, task: TrainingTask, stored: StoredCandidate) -> Any:
        """Build a candidate's network with seeded weights."""
        return build_network(
            self.space, stored.candidate, stored.task, seed=task.seed, precision=task.precision
        )

    def train(
        self,
        task: TrainingTask,
        stored: StoredCandidate,
        network: Any,
        progress: Progress,
        on_epoch: Callable[[Epoch], str | None],
        *,
        splits: tuple[str, ...] = ("train",),
        keeps_last: bool,
    ) -> None:
        """Train a network on some splits; each epoch is scored on validation unless that is one of them.

        Args:
            task: Seed, epochs and deadline.
            stored: The candidate.
            network: Freshly built from it; trained in place.
            progress: Filled as epochs finish.
            on_epoch: Called after each epoch; returns why to stop, or None to go on.
            splits: Trained on.
            keeps_last: As in `Plan`.

        Raises:
            NotFiniteError: The loss became NaN or infinite.
        """
        held_out = "validation" not in splits
        plan = Plan(
            epochs=task.epochs,
            seed=task.seed,
            train=self.pictures.indices(*splits),
            validation=self.pictures.indices("validation") if held_out else np.zeros(0, "int32"),
            metric=self.metric,
            class_weight=self.class_weight,
            deadline=task.deadline,
            keeps_last=keeps_last,
        )
        fit_candidate(
            self.space, stored.candidate, network, self.programs, plan, progress, on_epoch
        )


def epoch_report(number: int | None, epochs: int, epoch: Epoch) -> EpochReport:
    """What the search process is told of an epoch."""
    return EpochReport(
        number=number,
        epoch=epoch.number,
        epochs=epochs,
        seconds=epoch.seconds,
        score=epoch.score,
        metrics=epoch.metrics,
    )


def write_history(folder: Path, epochs: list[Epoch]) -> None:
    """Write a training's history.csv so far."""
    rows = [
        (
            epoch.number,
            datetime.fromtimestamp(epoch.ended, UTC).isoformat(timespec="milliseconds"),
            round(epoch.seconds, 4),
            *(epoch.metrics[name] for name in _METRIC_COLUMNS),
        )
        for epoch in epochs
    ]
    write_csv(folder / HISTORY, ("epoch", "time", "seconds", *_METRIC_COLUMNS), rows)
