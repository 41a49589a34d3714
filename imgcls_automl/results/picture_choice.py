"""Which pictures of a run are worth keeping for its report. Runs in a child process, beside the test."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_PICTURES = 600  # in all
MAX_COSTLY = 24  # those of the highest loss, with heat maps
PER_CELL = 12  # of the confusion matrix
PER_DIAGONAL_CELL = 4
MAX_SUSPECTS = 24
PER_CLASS = 6  # training pictures shown as samples
MAX_SAMPLED_CLASSES = 20
MAX_SIDE = 96  # pixels
MAX_AUGMENTED = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TestAnswers:
    """What the final model said of the test split, N pictures of it.

    Attributes:
        labels: (N,).
        predicted: (N,).
        probability: Of the predicted class (N,).
        loss: (N,).
    """

    labels: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    loss: np.ndarray


def measure_answers(labels: np.ndarray, probabilities: np.ndarray) -> TestAnswers:
    """Class indices (N,) and probabilities (N, K) to what is told of each picture."""
    rows = np.arange(len(labels))
    predicted = probabilities.argmax(axis=1)
    own = probabilities[rows, labels].astype(np.float64)
    return TestAnswers(
        labels=labels,
        predicted=predicted,
        probability=probabilities[rows, predicted].astype(np.float64),
        loss=-np.log(np.clip(own, np.finfo(np.float32).eps, 1.0)),
    )


def choose_costly(answers: TestAnswers) -> list[int]:
    """The mistakes of the highest loss, the worst first."""
    wrong = np.flatnonzero(answers.predicted != answers.labels)
    worst = wrong[np.argsort(-answers.loss[wrong], kind="stable")]
    return [int(row) for row in worst[:MAX_COSTLY]]


def choose_for_cells(answers: TestAnswers, most: int) -> list[int]:
    """Pictures behind the cells of the confusion matrix, those of a cell by loss.

    Where there are too many, every cell has its first one before any has its second, and full cells come first.
    """
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in np.argsort(-answers.loss, kind="stable"):
        cells[int(answers.labels[row]), int(answers.predicted[row])].append(int(row))
    ranked = []
    for (true, said), rows in cells.items():
        kept = PER_DIAGONAL_CELL if true == said else PER_CELL
        size = len(rows) if true != said else 0  # what was told right can wait
        ranked += [(rank, -size, row) for rank, row in enumerate(rows[:kept])]
    return [row for _, _, row in sorted(ranked)[:most]]


def choose_samples(labels: np.ndarray, train: np.ndarray) -> list[int]:
    """The first training pictures of each class: positions in the data set.

    Args:
        labels: Of all pictures (N,).
        train: Positions of the training pictures.
    """
    chosen: list[int] = []
    for label in np.unique(labels[train])[:MAX_SAMPLED_CLASSES]:
        of_class = train[labels[train] == label]
        # Evenly spread, because neighbours in a source are often of one scene.
        places = np.linspace(0, len(of_class) - 1, min(PER_CLASS, len(of_class)))
        chosen += [int(of_class[int(place)]) for place in places]
    return chosen


def take_turns(groups: Iterable[Sequence[int]], most: int) -> list[int]:
    """Positions, one of each group in turn, each once."""
    chosen: dict[int, None] = {}
    waiting = [list(group) for group in groups]
    while any(waiting) and len(chosen) < most:
        for group in waiting:
            if group and len(chosen) < most:
                chosen[group.pop(0)] = None
    return list(chosen)


def shrink(pixels: np.ndarray) -> np.ndarray:
    """Fit uint8 pictures (N, H, W, C) into `MAX_SIDE`; smaller ones stay as they are."""
    from PIL import Image

    height, width = pixels.shape[1:3]
    scale = MAX_SIDE / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey = pixels.shape[3] == 1
    small = [
        np.asarray(Image.fromarray(it[:, :, 0] if grey else it).resize(size, Image.Resampling.BOX))
        for it in pixels
    ]
    shape = (len(pixels), size[1], size[0], pixels.shape[3])
    return np.stack(small).reshape(shape) if small else np.zeros(shape, np.uint8)
