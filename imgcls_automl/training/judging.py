"""What networks say of pictures they were not trained on: the ground on which labels can be doubted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.training.scoring import softmax
from imgcls_automl.trial_files import weights_file

if TYPE_CHECKING:
    from imgcls_automl.executors.tasks import RefitTask
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.holdouts import Holdout
    from imgcls_automl.trial_files import StoredCandidate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """Probabilities of a split's pictures.

    Attributes:
        split: Its name.
        indices: Of its pictures, int32 (N,).
        probabilities: float32 (N, K).
    """

    split: str
    indices: np.ndarray
    probabilities: np.ndarray


def judge_held_out(task: RefitTask, stored: StoredCandidate, bench: Bench) -> Judgement:
    """Have the weights that a trial kept judge the pictures that were held out from them.

    Not the refitted ones, which have learned these pictures' labels, wrong ones too. With folds, which hold out all of
    train between them, each fold's weights judge that fold; a fold that the trial had no time for is left out.
    """
    holdouts = bench.pictures.holdouts
    judged = [
        it
        for it in holdouts
        if it is holdouts[0] or weights_file(task.trial_folder, it.fold).is_file()
    ]
    return Judgement(
        split="validation" if holdouts[0].fold is None else "train",
        indices=np.concatenate([it.validation for it in judged]),
        probabilities=np.concatenate([_ask(task, stored, bench, it) for it in judged]),
    )


def _ask(task: RefitTask, stored: StoredCandidate, bench: Bench, holdout: Holdout) -> np.ndarray:
    """Probabilities (N, K), averaged over each picture and its mirror where the saved model does so."""
    network = bench.build(task, stored, holdout)
    network.load_weights(weights_file(task.trial_folder, holdout.fold))
    images = bench.pictures.images

    def predict(indices: np.ndarray) -> np.ndarray:
        shown = images[indices].astype("float32") / 255.0
        views = [shown, shown[:, :, ::-1]] if task.flips else [shown]
        answers = [softmax(np.asarray(network.predict_on_batch(it), "float32")) for it in views]
        mean: np.ndarray = np.mean(answers, axis=0)
        return mean

    return bench.pictures.evaluate(holdout.validation, predict)
