"""A Keras callback that notes each epoch's validation accuracy in a file as it is known."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import keras


class EpochEvents(keras.callbacks.Callback):  # type: ignore[misc]
    """Appends a JSON line an epoch; what was written outlives the process. Tuners may copy it.

    Args:
        folder: A job's; the file is `events.jsonl`.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.path = str(Path(folder) / "events.jsonl")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs and "val_accuracy" in logs:  # a last fit on all pictures has none
            line = {"time": time.time(), "accuracy": float(logs["val_accuracy"])}
            with Path(self.path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


class StopAt(keras.callbacks.Callback):  # type: ignore[misc]
    """Stops a training at the end of the batch in which a deadline passes (seconds since the epoch)."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.deadline = deadline

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.time() > self.deadline:
            self.model.stop_training = True
