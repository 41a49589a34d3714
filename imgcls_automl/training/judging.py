"""What networks say of pictures they were not trained on: the ground on which labels can be doubted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.training.scoring import softmax
from imgcls_automl.trial_files import WEIGHTS

if TYPE_CHECKING:
    from imgcls_automl.executors.messages import RefitTask
    from imgcls_automl.training.bench import Bench
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


def judge_validation(task: RefitTask, stored: StoredCandidate, bench: Bench) -> Judgement:
    """Have the weights that a trial kept, trained on train alone, judge the validation pictures.

    Not the refitted ones, which have learned these pictures' labels, wrong ones too.
    """
    network = bench.build(task, stored)
    network.load_weights(task.trial_folder / WEIGHTS)
    images, validation = bench.pictures.images, bench.pictures.indices("validation")

    def predict(indices: np.ndarray) -> np.ndarray:
        shown = images[indices].astype("float32") / 255.0
        views = [shown, shown[:, :, ::-1]] if task.flips else [shown]
        answers = [softmax(np.asarray(network.predict_on_batch(it), "float32")) for it in views]
        mean: np.ndarray = np.mean(answers, axis=0)
        return mean

    return Judgement(
        split="validation",
        indices=validation,
        probabilities=bench.pictures.evaluate(validation, predict),
    )
