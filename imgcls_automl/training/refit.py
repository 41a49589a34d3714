"""The winner once more: trained on train + validation with its full schedule, saved, and run on the test pictures."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.training.bench import epoch_report
from imgcls_automl.training.holdouts import hold_nothing_out
from imgcls_automl.training.judging import Judgement, judge_held_out
from imgcls_automl.training.logbook import Logbook
from imgcls_automl.training.progress import NotFiniteError
from imgcls_automl.training.saving import save_pixel_model
from imgcls_automl.trial_files import read_candidate, weights_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.executors.messages import EpochReport, RefitTask, Verdict
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.progress import Epoch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refitted:
    """What a refit gives.

    Attributes:
        epochs: Trained; 0 where the trial's kept weights were taken.
        seconds: Of training.
        test: What the saved model itself says of the test pictures.
        model: The saved model.
        held_out: What the trial's kept weights, trained without them, say of the validation pictures, or of all folds'.
    """

    epochs: int
    seconds: float
    model: Any
    test: Judgement
    held_out: Judgement


def refit(task: RefitTask, bench: Bench, report: Callable[[EpochReport], Verdict]) -> Refitted:
    """Train the winner on train + validation, write best/model.keras and predict the test split with it.

    Training runs for its planned epochs and full schedule, without early stopping, and keeps its last weights.
    The trial's kept weights, with folds its first fold's, are used instead where there was no time, where the deadline
    cuts training short, or where it diverges. A refit whose process was killed goes on after its last checkpoint.
    """
    stored = read_candidate(task.trial_folder)
    holdout = hold_nothing_out(bench.pictures.indices("train", "validation"))
    network = bench.build(task, stored, holdout)
    logbook = Logbook(task.folder, task, stored)

    def on_epoch(epoch: Epoch) -> str | None:
        return report(epoch_report(None, task.epochs, epoch)).stop

    progress = logbook.begin()
    if task.epochs:
        try:
            bench.train(task, stored, network, holdout, logbook, on_epoch, keeps_last=True)
        except NotFiniteError:
            logger.warning("The refit of trial %d diverged.", task.number, exc_info=True)
            progress.stopped = "not finite"
    seconds = logbook.seconds
    finished = bool(task.epochs) and progress.stopped is None
    if not finished:
        network.load_weights(weights_file(task.trial_folder, bench.pictures.holdouts[0].fold))
    model = save_pixel_model(
        bench.space,
        stored.candidate,
        stored.task,
        network.get_weights(),
        task.folder / "model.keras",
        flips=task.flips,
    )
    images = bench.pictures.images
    test = bench.pictures.indices("test")
    return Refitted(
        epochs=task.epochs if finished else 0,
        seconds=seconds,
        model=model,
        test=Judgement(
            split="test",
            indices=test,
            probabilities=bench.pictures.evaluate(
                test, lambda indices: model.predict_on_batch(images[indices])
            ),
        ),
        held_out=judge_held_out(task, stored, bench),
    )
