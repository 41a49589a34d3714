"""What retrained candidates said of the pictures held out from them, read back to choose an ensemble by."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.trial_files import opinion_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imgcls_automl.engine.selection import Contender, Selection
    from imgcls_automl.results.selection_record import ContenderRecord

logger = logging.getLogger(__name__)

MOST_NUMBERS = 4_000_000  # of one opinion: of more pictures, every second, third... is taken


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opinion:
    """One training's word on validation, or on all folds.

    Attributes:
        trial: Its trial.
        seed: Its own; None where the trial's kept weights were asked.
        flips: Whether it was asked of each picture and its mirror.
        labels: Class indices (N,).
        logs: Logarithms of its probabilities, float64 (N, K).
    """

    trial: int
    seed: int | None
    flips: bool
    labels: np.ndarray
    logs: np.ndarray


def list_opinions(selection: Selection, trials: Path) -> list[Opinion]:
    """The opinions of all retrainings, the winner's first; those that older versions did not keep are missing.

    Args:
        selection: How the winner was chosen.
        trials: The run's `trials/` folder.
    """
    others = [it for it in selection.contenders if it is not selection.winner]
    found = [
        opinion
        for contender in (selection.winner, *others)
        for opinion in read_opinions(contender, trials)
    ]
    # Folds for which there was no time are missing in some.
    size = len(found[0].labels) if found else 0
    return [it for it in found if len(it.labels) == size]


def is_damaged(file: Path) -> bool:
    """Whether a file of opinions is there, and cannot be read to its end."""
    if not file.is_file():
        return False  # older versions kept none
    try:
        with file.open("rb") as stream, np.load(stream) as kept:
            for name in ("labels", "plain", "flipped"):
                kept[name]  # reading an array compares it with its checksum
    except Exception as error:  # a damaged archive makes zipfile and NumPy raise almost anything
        logger.warning("%s cannot be read, and is made again: %s", file, error)
        return True
    return False


def normalise(logits: np.ndarray) -> np.ndarray:
    """The logarithms of the probabilities of logits (..., K)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logs: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def has_opinions(contender: Contender | ContenderRecord, trials: Path) -> bool:
    """Whether the opinions of all trainings of a contender were kept."""
    return all(file.is_file() for _, file in _list_files(contender, trials))


def read_opinions(contender: Contender | ContenderRecord, trials: Path) -> Iterator[Opinion]:
    """Read the opinions of one contender, a training each; those that are missing are left out."""
    for seed, file in _list_files(contender, trials):
        if not file.is_file():
            logger.warning("%s is missing: the run was begun by an older version.", file)
            continue
        with file.open("rb") as stream, np.load(stream) as kept:
            logits = kept["flipped" if contender.flips else "plain"]
            step = -(-logits.size // MOST_NUMBERS)
            yield Opinion(
                trial=contender.trial,
                seed=seed,
                flips=contender.flips,
                labels=kept["labels"][::step],
                logs=normalise(logits[::step].astype("float64")),
            )


def _list_files(
    contender: Contender | ContenderRecord, trials: Path
) -> Iterator[tuple[int | None, Path]]:
    """The file of each training's opinion, with its seed."""
    for result in contender.results:
        seed = result.seed if result.epochs else None
        yield seed, opinion_file(trials / str(contender.trial), seed)
