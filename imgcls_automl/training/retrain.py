"""A candidate trained again with another seed, exactly as the refit would, and judged with and without flips."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.executors.results import RetrainResult
from imgcls_automl.files import replacing
from imgcls_automl.training.bench import epoch_report, write_history
from imgcls_automl.training.gates import note_latency
from imgcls_automl.training.logbook import Logbook
from imgcls_automl.training.progress import NotFiniteError
from imgcls_automl.training.saving import save_weights
from imgcls_automl.training.scoring import EPOCH_METRIC, score_logits, softmax
from imgcls_automl.trial_files import opinion_file, read_candidate, weights_file, write_ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.executors.messages import EpochReport, Verdict
    from imgcls_automl.executors.tasks import RetrainTask
    from imgcls_automl.pacing import Pacing
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.holdouts import Holdout
    from imgcls_automl.training.progress import Epoch
    from imgcls_automl.trial_files import StoredCandidate

EPSILON = 1e-7  # under the logarithm of an averaged probability


def retrain(
    task: RetrainTask, bench: Bench, report: Callable[[EpochReport], Verdict]
) -> RetrainResult:
    """Train a trial's candidate on train and score its last weights on validation; with folds, once a fold.

    With `task.epochs` 0 the trial's kept weights are scored as they are.
    """
    stored = read_candidate(task.trial_folder)
    logbook = Logbook(task.folder, task, stored)
    opinions: list[_Opinion] = []
    for place, holdout in enumerate(bench.pictures.holdouts):
        network = bench.build(task, stored, holdout)
        if logbook.has_ended(place):
            network.load_weights(weights_file(task.folder, holdout.fold))
        elif task.epochs:
            left = len(bench.pictures.holdouts) - place
            pacing = task.pacing and task.pacing.divide(left)
            _train(task, bench, stored, network, holdout, logbook, report, pacing)
        else:
            kept = weights_file(task.trial_folder, holdout.fold)
            if opinions and not kept.is_file():  # the time was up before this fold's training
                break
            network.load_weights(kept)
        opinions.append(_ask(network, bench, holdout))
        note_latency(task.trial_folder, network, bench)
        if any(progress.stopped for progress in logbook.trainings):
            break
    result = _judge(task, bench, opinions, logbook)
    if result.score is not None:
        _keep_opinions(task, opinions)
        if task.epochs:
            write_ending(task, result)
    logbook.close()
    return result


def _train(
    task: RetrainTask,
    bench: Bench,
    stored: StoredCandidate,
    network: Any,
    holdout: Holdout,
    logbook: Logbook,
    report: Callable[[EpochReport], Verdict],
    pacing: Pacing | None,
) -> None:
    """Train once, as the next of a retraining's trainings, and save the last weights."""
    fold, folds = holdout.fold, len(bench.pictures.holdouts)
    task.folder.mkdir(exist_ok=True)
    progress = logbook.begin()

    def on_epoch(epoch: Epoch) -> str | None:
        write_history(task.folder, logbook.trainings, folded=bench.is_folded)
        message = epoch_report(None, progress.ends[-1], epoch, fold=fold, folds=folds)
        return report(message).stop

    try:
        bench.train(
            task, stored, network, holdout, logbook, on_epoch, keeps_last=True, pacing=pacing
        )
    except NotFiniteError:
        progress.stopped = "not finite"
    save_weights(network, network.get_weights(), weights_file(task.folder, fold))
    logbook.end_training()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opinion:
    """What a network says of the pictures held out from it: labels (N,), and logits (N, K) plain and with flips.

    It took so many `seconds` for both.
    """

    labels: np.ndarray
    plain: np.ndarray
    flipped: np.ndarray
    seconds: float


def _ask(network: Any, bench: Bench, holdout: Holdout) -> _Opinion:
    """Have a network predict what was held out, plain and averaged over each picture and its mirror."""
    pictures, chosen, begun = bench.pictures, holdout.validation, time.monotonic()

    def predict(indices: np.ndarray, step: int = 1) -> np.ndarray:
        images = pictures.images[indices][:, :, ::step].astype("float32") / 255.0
        logits: np.ndarray = np.asarray(network.predict_on_batch(images), "float32")
        return logits

    logits = pictures.evaluate(chosen, predict)
    mirrored = pictures.evaluate(chosen, lambda indices: predict(indices, -1))
    averaged = np.log((softmax(logits) + softmax(mirrored)) / 2 + EPSILON)
    seconds = time.monotonic() - begun
    return _Opinion(labels=pictures.labels[chosen], plain=logits, flipped=averaged, seconds=seconds)


def _keep_opinions(task: RetrainTask, opinions: list[_Opinion]) -> None:
    """Keep what was said of validation, or of all folds: ensembles and temperatures are chosen by it."""
    file = opinion_file(task.trial_folder, task.seed if task.epochs else None)
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(
            stream,
            labels=np.concatenate([it.labels for it in opinions]),
            plain=np.concatenate([it.plain for it in opinions]),
            flipped=np.concatenate([it.flipped for it in opinions]),
        )


def _judge(
    task: RetrainTask,
    bench: Bench,
    opinions: list[_Opinion],
    logbook: Logbook,
) -> RetrainResult:
    """Scores are means over folds, as a trial's is; whether flips help the loss is seen on all their pictures."""
    cut_short = any(progress.stopped for progress in logbook.trainings)
    metric = EPOCH_METRIC[bench.metric]
    plain = fmean(score_logits(it.labels, it.plain)[metric] for it in opinions)
    flipped = fmean(score_logits(it.labels, it.flipped)[metric] for it in opinions)
    labels = np.concatenate([it.labels for it in opinions])
    all_plain = np.concatenate([it.plain for it in opinions])
    all_flipped = np.concatenate([it.flipped for it in opinions])
    return RetrainResult(
        number=task.number,
        seed=task.seed,
        score=None if cut_short else plain,
        flipped_score=None if cut_short else flipped,
        loss=score_logits(labels, all_plain)["val_loss"],
        flipped_loss=score_logits(labels, all_flipped)["val_loss"],
        epochs=logbook.epochs,
        seconds=logbook.seconds,
        look_seconds=sum(it.seconds for it in opinions) / (2 * len(labels)),
        shortened=any(it.is_shorter_than(task.epochs) for it in logbook.trainings),
    )
