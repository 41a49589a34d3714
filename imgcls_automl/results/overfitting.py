"""What a trial's learning curve says of overfitting, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.trial_history import read_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.trial_record import TrialRecord

WIDE_GAP = 0.05  # of accuracy, between training and validation
RISE = 1.1  # of validation loss over its lowest


def describe_fit(trial: TrialRecord) -> str:
    """Compare a trial's training with its validation; empty where its history does not tell both."""
    epochs = [it for it in read_history(trial.folder) if it.get("fold", 1.0) == 1.0]
    needed = ("accuracy", "val_accuracy", "val_loss")
    if not epochs or any(name not in epoch for epoch in epochs for name in needed):
        return ""
    last = epochs[-1]
    seen, held_out = last["accuracy"], last["val_accuracy"]
    told = (
        f"Trial {trial.number} ends at {100 * seen:.1f}% accuracy on the pictures it trains on and "
        f"{100 * held_out:.1f}% on those held out"
    )
    return f"{told}: {_judge(seen - held_out, [it['val_loss'] for it in epochs])}"


def _judge(gap: float, losses: Sequence[float]) -> str:
    if losses[-1] > RISE * min(losses):
        return (
            "its validation loss rises again towards the end, so it overfits. More pictures, stronger augmentation "
            "or fewer epochs would help."
        )
    if gap > WIDE_GAP:
        return "it learns its own pictures by heart to some extent. More pictures or augmentation would help."
    if gap < -0.01:
        return (
            "no overfitting. Training is measured while dropout and augmentation make it harder, and before the epoch "
            "is done, which is why it can be the lower of the two."
        )
    return "no sign of overfitting."
