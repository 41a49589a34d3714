"""A candidate trained again with another seed, exactly as the refit would, and judged with and without flips."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.executors.results import RetrainResult
from imgcls_automl.training.bench import epoch_report, write_history
from imgcls_automl.training.fitting import NotFiniteError, Progress
from imgcls_automl.training.saving import save_weights
from imgcls_automl.training.scoring import EPOCH_METRIC, score_logits, softmax
from imgcls_automl.trial_files import WEIGHTS, read_candidate

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.executors.messages import EpochReport, RetrainTask, Verdict
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.fitting import Epoch

EPSILON = 1e-7  # under the logarithm of an averaged probability


def retrain(
    task: RetrainTask, bench: Bench, report: Callable[[EpochReport], Verdict]
) -> RetrainResult:
    """Train a trial's candidate on train and score its last weights on validation.

    With `task.epochs` 0 the trial's kept weights are scored as they are.
    """
    begun = time.time()
    stored = read_candidate(task.trial_folder)
    network = bench.build(task, stored)
    progress = Progress()

    def on_epoch(epoch: Epoch) -> str | None:
        write_history(task.folder, progress.epochs)
        return report(epoch_report(None, task.epochs, epoch)).stop

    if task.epochs == 0:
        network.load_weights(task.trial_folder / WEIGHTS)
    else:
        task.folder.mkdir(exist_ok=True)
        try:
            bench.train(task, stored, network, progress, on_epoch, keeps_last=True)
        except NotFiniteError:
            progress.stopped = "not finite"
        save_weights(network, network.get_weights(), task.folder / WEIGHTS)
    return _judge(task, bench, network, progress, time.time() - begun)


def _judge(
    task: RetrainTask, bench: Bench, network: Any, progress: Progress, seconds: float
) -> RetrainResult:
    plain, flipped = _score(network, bench)
    cut_short = progress.stopped is not None
    metric = EPOCH_METRIC[bench.metric]
    return RetrainResult(
        number=task.number,
        seed=task.seed,
        score=None if cut_short else plain[metric],
        flipped_score=None if cut_short else flipped[metric],
        loss=plain["val_loss"],
        flipped_loss=flipped["val_loss"],
        epochs=len(progress.epochs),
        seconds=seconds,
    )


def _score(network: Any, bench: Bench) -> tuple[dict[str, float], dict[str, float]]:
    """Validation metrics of a network, plain and averaged over each picture and its mirror."""
    pictures = bench.pictures
    chosen = pictures.indices("validation")

    def predict(indices: np.ndarray, step: int = 1) -> np.ndarray:
        images = pictures.images[indices][:, :, ::step].astype("float32") / 255.0
        logits: np.ndarray = np.asarray(network.predict_on_batch(images), "float32")
        return logits

    logits = pictures.evaluate(chosen, predict)
    mirrored = pictures.evaluate(chosen, lambda indices: predict(indices, -1))
    averaged = np.log((softmax(logits) + softmax(mirrored)) / 2 + EPSILON)
    labels = pictures.labels[chosen]
    return score_logits(labels, logits), score_logits(labels, averaged)
