"""Each fold is held out once, and folds of about one size share the layout of an epoch."""

from __future__ import annotations

import numpy as np
import pytest

from imgcls_automl.training.holdouts import list_holdouts

TRAIN, VALIDATION, TEST = range(3)


def deal(*sizes):
    """Splits and folds of so many pictures a fold, and two for the test."""
    folds = np.concatenate([np.repeat(np.arange(len(sizes)), sizes), [-1, -1]]).astype("int16")
    return np.where(folds < 0, TEST, TRAIN).astype("uint8"), folds


def test_without_folds_train_is_scored_by_validation():
    (only,) = list_holdouts(np.array([TRAIN, VALIDATION, TRAIN, TEST], "uint8"), None)
    assert (only.train.tolist(), only.validation.tolist()) == ([0, 2], [1])
    assert (only.fold, only.epoch_size, only.seed(7)) == (None, 2, 7)


def test_each_fold_is_scored_by_what_the_others_train():
    holdouts = list_holdouts(*deal(4, 3, 3))
    assert [it.fold for it in holdouts] == [1, 2, 3]
    assert sorted(np.concatenate([it.validation for it in holdouts])) == list(range(10))
    for it in holdouts:
        assert sorted([*it.train, *it.validation]) == list(range(10))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((34, 33, 33), [66, 66, 66]), ((60, 20, 20), [40, 80, 80])],
    ids=["about equal: the smallest for all", "uneven: each its own"],
)
def test_an_epoch_is_laid_out_for(sizes, expected):
    assert [it.epoch_size for it in list_holdouts(*deal(*sizes))] == expected


def test_the_first_fold_has_the_trial_s_own_seed_and_the_others_have_others():
    seeds = [it.seed(7) for it in list_holdouts(*deal(5, 5, 5, 5))]
    assert seeds[0] == 7
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**31 for seed in seeds)
