"""The winner once more: trained on train + validation with its full schedule, saved, and run on the test pictures."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.training.fitting import Epoch, Plan, Progress, build_network, fit_candidate
from imgcls_automl.training.saving import save_pixel_model
from imgcls_automl.training.trial import Bench, epoch_report
from imgcls_automl.trial_files import WEIGHTS, read_candidate

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.executors.messages import EpochReport, RefitTask, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Refitted:
    """What a refit gives.

    Attributes:
        epochs: Trained; 0 where the trial's kept weights were taken.
        seconds: Of training.
        test: Indices of the test pictures, int32 (N,).
        probabilities: Of the test pictures, float32 (N, K), from the saved model itself.
    """

    epochs: int
    seconds: float
    test: np.ndarray
    probabilities: np.ndarray


def refit(task: RefitTask, bench: Bench, report: Callable[[EpochReport], Verdict]) -> Refitted:
    """Train the winner on train + validation, write best/model.keras and predict the test split with it.

    Training runs for its planned epochs and full schedule, without early stopping, and keeps its last weights.
    Where the deadline cuts it short, or there was no time for it, the trial's kept weights are used instead.
    """
    stored = read_candidate(task.trial_folder)
    network = build_network(
        bench.space,
        stored.candidate,
        stored.task,
        seed=task.seed,
        precision=bench.backend.precision,
    )
    progress = Progress()
    begun = time.time()
    if task.epochs:
        plan = Plan(
            epochs=task.epochs,
            seed=task.seed,
            train=bench.pictures.indices("train", "validation"),
            validation=np.zeros(0, "int32"),
            metric=bench.metric,
            class_weight=bench.class_weight,
            deadline=task.deadline,
            keeps_last=True,
        )

        def on_epoch(epoch: Epoch) -> str | None:
            return report(epoch_report(None, task.epochs, epoch)).stop

        fit_candidate(
            bench.space, stored.candidate, network, bench.programs, plan, progress, on_epoch
        )
    seconds = time.time() - begun
    finished = bool(task.epochs) and progress.stopped is None
    if not finished:
        network.load_weights(task.trial_folder / WEIGHTS)
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
        test=test,
        probabilities=bench.pictures.evaluate(
            test, lambda indices: model.predict_on_batch(images[indices])
        ),
    )
