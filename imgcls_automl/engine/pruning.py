"""Which trials are stopped early."""

from __future__ import annotations

import optuna

_MANY_TRIALS = 100


def choose_pruner(*, trials: int | None, epochs: int) -> optuna.pruners.BasePruner:
    """Choose a pruner that suits the budget.

    Up to about a hundred trials the median rule (Golovin et al., 2017, "Vizier") with a warm-up of a third of the
    epochs: under a one-cycle schedule early epochs, at a rising rate, say little. Hyperband (Li et al., 2016,
    arXiv:1603.06560) only with more, since it needs some ten trials a bracket before it prunes well.

    Args:
        trials: The trials budget; None where only time is limited.
        epochs: Planned for each trial.
    """
    if epochs < 3:
        return optuna.pruners.NopPruner()
    if trials is not None and trials >= _MANY_TRIALS and epochs >= 9:
        return optuna.pruners.HyperbandPruner(min_resource=max(1, epochs // 9), max_resource=epochs)
    return optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=max(1, epochs // 3))
