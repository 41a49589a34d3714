"""Optuna's pruning in a Keras training."""

from __future__ import annotations

from typing import Any

import keras
import optuna


class ReportAndPrune(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports each epoch's validation accuracy to a trial and stops the training where it is to be pruned.

    It does not raise inside `fit`, which would skip the end of all other callbacks: call `raise_if_pruned` after it.
    """

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self.trial = trial
        self.pruned = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.trial.report(float(logs["val_accuracy"]), step=epoch)
        if self.trial.should_prune():
            self.pruned = True
            self.model.stop_training = True

    def raise_if_pruned(self) -> None:
        if self.pruned:
            raise optuna.TrialPruned
