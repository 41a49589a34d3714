"""Progress as plain lines, for logs and pipes."""

from __future__ import annotations

import time
from typing import Any, Self

from imgcls_automl.cli import training_wording, wording
from imgcls_automl.cli.durations import format_seconds
from imgcls_automl.cli.lasting_stderr import lasting_stderr
from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.executors.messages import EpochReport, TrialStarted
from imgcls_automl.executors.results import RetrainResult, TrialResult
from imgcls_automl.text import plain

EPOCH_LINE_SECONDS = 10.0  # at least, between two lines about epochs
READING_LINE_SECONDS = 5.0  # at least, between two lines about reading the pictures


class PlainLines:
    """One line an event, with the time since the start; pictures and epochs only now and then."""

    def __init__(self) -> None:
        self._stderr = lasting_stderr()
        self._started = time.monotonic()
        self._last_epoch_line = 0.0
        self._last_reading_line = self._started  # nothing is told of what takes a moment

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def observe(self, event: Any) -> None:
        for line in self._describe(event):
            elapsed = format_seconds(time.monotonic() - self._started)
            print(f"[{elapsed:>6}] {plain(line)}", file=self._stderr, flush=True)

    def _describe(self, event: Any) -> list[str]:
        match event:
            case IngestProgress():
                return self._describe_reading(event)
            case TrialStarted():
                done = wording.count(event.epochs, "epoch")
                how = f"goes on after {done}" if event.epochs else "begins"
                where = f" on {event.where}" if event.where else ""
                return [f"trial {event.number} {how}{where}: {event.parameters:,} parameters"]
            case EpochReport():
                return self._describe_epoch(event)
            case TrialResult():
                return [training_wording.describe_trial(event)]
            case RetrainResult():
                return [training_wording.describe_retraining(event)]
        return wording.describe_lasting(event)

    def _describe_reading(self, progress: IngestProgress) -> list[str]:
        now = time.monotonic()
        if now - self._last_reading_line < READING_LINE_SECONDS:
            return []
        self._last_reading_line = now
        return [wording.describe_reading(progress)]

    def _describe_epoch(self, report: EpochReport) -> list[str]:
        now = time.monotonic()
        if now - self._last_epoch_line < EPOCH_LINE_SECONDS:
            return []
        self._last_epoch_line = now
        what = report.what or f"trial {report.number}"
        score = f", score {report.score:.4f}" if report.score is not None else ""
        return [
            f"{what}: {training_wording.describe_epoch(report)}, loss {report.metrics['loss']:.4f}{score}"
        ]
