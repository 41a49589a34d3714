"""What a training learns from and what it is scored on: train and validation, or all folds but one and that one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imgcls_automl.data.dataset import SPLITS

ABOUT_EQUAL = 0.9  # of the largest training set: smaller ones are too different to share its layout


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdout:
    """One way to hold pictures out.

    Attributes:
        train: Indices of the pictures to train on, int32.
        validation: Indices of those to score each epoch on, int32; empty for a refit.
        epoch_size: Pictures that an epoch is laid out for, at most those of `train`: the same for folds that differ by
            a few, so that they share a compiled step.
        fold: The fold that is held out, from 1; None where there are none.
    """

    train: np.ndarray
    validation: np.ndarray
    epoch_size: int
    fold: int | None = None

    def seed(self, seed: int) -> int:
        """A training's seed, below 2**31: a trial's own for its first fold, others drawn from it for the others."""
        if self.fold in (None, 1):
            return seed
        return int(np.random.SeedSequence((seed, self.fold or 0)).generate_state(1)[0] >> 1)


def list_holdouts(splits: np.ndarray, folds: np.ndarray | None) -> tuple[Holdout, ...]:
    """The trainings of a trial: one a fold or, without folds, the one that validation scores.

    Args:
        splits: Indices into `SPLITS` (N,).
        folds: Fold numbers from 0 (N,), negative for pictures in none; None without folds.
    """
    if folds is None:
        train, validation = (_find(splits == SPLITS.index(it)) for it in ("train", "validation"))
        return (Holdout(train=train, validation=validation, epoch_size=len(train)),)
    count = int(folds.max()) + 1
    sizes = [int(np.sum((folds >= 0) & (folds != fold))) for fold in range(count)]
    shared = min(sizes) if min(sizes) >= ABOUT_EQUAL * max(sizes) else max(sizes)
    return tuple(
        Holdout(
            train=_find((folds >= 0) & (folds != fold)),
            validation=_find(folds == fold),
            epoch_size=min(shared, sizes[fold]),
            fold=fold + 1,
        )
        for fold in range(count)
    )


def hold_nothing_out(train: np.ndarray) -> Holdout:
    """What a refit trains on: pictures at these indices, int32, with none to score epochs on."""
    return Holdout(train=train, validation=np.zeros(0, "int32"), epoch_size=len(train))


def _find(mask: np.ndarray) -> np.ndarray:
    return np.flatnonzero(mask).astype("int32")
