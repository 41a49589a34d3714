"""A candidate trained on train + validation: the winner's refit, and the members of its ensemble."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.executors.results import MemberResult
from imgcls_automl.training.bench import epoch_report
from imgcls_automl.training.holdouts import hold_nothing_out
from imgcls_automl.training.logbook import Logbook
from imgcls_automl.training.progress import NotFiniteError
from imgcls_automl.training.saving import save_weights
from imgcls_automl.trial_files import read_candidate, weights_file, write_ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.executors.messages import EpochReport, Verdict
    from imgcls_automl.executors.tasks import MemberTask, RefitTask
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.progress import Epoch
    from imgcls_automl.trial_files import StoredCandidate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WholeTraining:
    """What came of it.

    Attributes:
        network: With its last weights.
        finished: Whether it came to the end of its schedule, be it in fewer epochs than were planned.
        epochs: Trained.
        shortened: Whether these were to be fewer than planned.
        seconds: Of it.
    """

    network: Any
    finished: bool
    epochs: int
    shortened: bool
    seconds: float


def train_on_all(
    task: RefitTask | MemberTask,
    stored: StoredCandidate,
    bench: Bench,
    report: Callable[[EpochReport], Verdict],
) -> WholeTraining:
    """Train a candidate for its planned epochs and full schedule, without early stopping; its last weights are kept.

    Where the time is short, its schedule is brought to its end in fewer epochs. With `task.epochs` 0 nothing is
    trained. A training whose process was killed goes on after its last checkpoint.
    """
    holdout = hold_nothing_out(bench.pictures.indices("train", "validation"))
    network = bench.build(task, stored, holdout)
    logbook = Logbook(task.folder, task, stored)

    progress = logbook.begin()

    def on_epoch(epoch: Epoch) -> str | None:
        return report(epoch_report(None, progress.ends[-1], epoch)).stop

    if task.epochs:
        try:
            bench.train(
                task,
                stored,
                network,
                holdout,
                logbook,
                on_epoch,
                keeps_last=True,
                pacing=task.pacing,
            )
        except NotFiniteError:
            logger.warning("The refit of trial %d diverged.", task.number, exc_info=True)
            progress.stopped = "not finite"
    return WholeTraining(
        network=network,
        finished=bool(task.epochs) and progress.stopped is None,
        epochs=logbook.epochs,
        shortened=progress.is_shorter_than(task.epochs),
        seconds=logbook.seconds,
    )


def train_member(
    task: MemberTask, bench: Bench, report: Callable[[EpochReport], Verdict]
) -> MemberResult:
    """Train a member and, where it came to the end of its schedule, keep its weights."""
    task.folder.mkdir(exist_ok=True)
    trained = train_on_all(task, read_candidate(task.trial_folder), bench, report)
    result = MemberResult(
        number=task.number,
        seed=task.seed,
        whole=trained.finished,
        epochs=trained.epochs,
        seconds=trained.seconds,
    )
    if trained.finished:
        weights = weights_file(task.folder, None)
        save_weights(trained.network, trained.network.get_weights(), weights)
        write_ending(task, result)
    return result
