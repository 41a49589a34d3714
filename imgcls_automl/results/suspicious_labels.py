"""best/suspicious_labels.csv: pictures of test and validation whose label looks wrong. Written in a child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.files import write_csv
from imgcls_automl.results.suspects import COLUMNS, SUSPECTS
from imgcls_automl.text import guard_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import Protocol

    class Judgement(Protocol):
        """See `training.judging.Judgement`."""

        @property
        def split(self) -> str: ...

        @property
        def indices(self) -> np.ndarray: ...

        @property
        def probabilities(self) -> np.ndarray: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A label that looks wrong.

    Attributes:
        row: Of the picture.
        suggested: The class it looks like.
        probability: Of that class.
        margin: By which it exceeds the label's own.
    """

    row: int
    suggested: int
    probability: float
    margin: float


def find_suspicious(labels: np.ndarray, probabilities: np.ndarray) -> list[Suspicion]:
    """Doubt labels by confident learning (Northcutt et al., 2021, arXiv:1911.00068), the clearest first.

    A class's threshold is the mean probability that pictures labelled with it have of it. A label is doubted where its
    own class stays below its threshold, and another class, the more probable of the two, reaches its own.

    Args:
        labels: Class indices as given (N,).
        probabilities: (N, K), from a network that was not trained on these pictures.
    """
    likely = probabilities.astype(np.float64)
    rows = np.arange(len(labels))
    own = likely[rows, labels]
    thresholds = _measure_thresholds(labels, own, likely.shape[1])
    rivals = np.where(likely >= thresholds, likely, 0.0)
    rivals[rows, labels] = 0.0
    suggested = rivals.argmax(axis=1)
    best = rivals[rows, suggested]
    doubted = np.flatnonzero((own < thresholds[labels]) & (best > own))
    ranked = doubted[np.argsort((own - best)[doubted], kind="stable")]
    return [
        Suspicion(
            row=int(row),
            suggested=int(suggested[row]),
            probability=float(best[row]),
            margin=float(best[row] - own[row]),
        )
        for row in ranked
    ]


def write_suspicious_labels(
    best: Path,
    *,
    ids: Sequence[str],
    labels: np.ndarray,
    class_names: Sequence[str],
    judgements: Iterable[Judgement],
) -> None:
    """Write the list, the clearest first, in cells that no spreadsheet runs; --exclude and --relabel take it as it is.

    Args:
        best: The folder; it exists.
        ids: N names of pictures, of all splits.
        labels: Their class indices (N,).
        class_names: K names.
        judgements: A split each; thresholds are measured on each by itself.
    """
    names = [guard_cell(name) for name in class_names]
    found = [
        (suspicion, judgement.split, int(judgement.indices[suspicion.row]))
        for judgement in judgements
        for suspicion in find_suspicious(labels[judgement.indices], judgement.probabilities)
    ]
    found.sort(key=lambda it: -it[0].margin)
    rows = (
        (
            guard_cell(ids[place]),
            split,
            names[labels[place]],
            names[suspicion.suggested],
            round(suspicion.probability, 6),
        )
        for suspicion, split, place in found
    )
    write_csv(best / SUSPECTS, COLUMNS, rows)


def _measure_thresholds(labels: np.ndarray, own: np.ndarray, classes: int) -> np.ndarray:
    """Mean self-confidence a class (K,); infinite for classes without a picture, which nothing reaches."""
    counts = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, weights=own, minlength=classes)
    thresholds: np.ndarray = np.where(counts, sums / np.maximum(counts, 1), np.inf)
    return thresholds
