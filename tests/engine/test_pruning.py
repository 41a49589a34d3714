"""The choice of a pruner by trials and epochs."""

from __future__ import annotations

import pytest
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

from imgcls_automl.engine.pruning import choose_pruner


@pytest.mark.parametrize(
    ("trials", "epochs", "kind"),
    [
        (3, 2, NopPruner),
        (500, 2, NopPruner),
        (20, 12, MedianPruner),
        (None, 12, MedianPruner),
        (99, 24, MedianPruner),
        (100, 24, HyperbandPruner),
        (500, 5, MedianPruner),
    ],
)
def test_it_suits_the_budget(trials, epochs, kind):
    assert type(choose_pruner(trials=trials, epochs=epochs)) is kind
