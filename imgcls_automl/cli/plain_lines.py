"""Progress as plain lines, for logs and pipes."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

from imgcls_automl.cli import wording
from imgcls_automl.events import (
    DatasetReady,
    PlanMade,
    RefitBegun,
    RunBegun,
    SelectionBegun,
    WorkerReady,
)
from imgcls_automl.executors.messages import EpochReport, TrialResult, TrialStarted, WorkerLost
from imgcls_automl.text import plain

EPOCH_LINE_SECONDS = 10.0  # at least, between two lines about epochs


class PlainLines:
    """One line an event, with the time since the start; epochs only now and then."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._last_epoch_line = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def observe(self, event: Any) -> None:
        for line in self._describe(event):
            elapsed = wording.format_seconds(time.monotonic() - self._started)
            print(f"[{elapsed:>6}] {plain(line)}", file=sys.stderr, flush=True)  # noqa: T201

    def _describe(self, event: Any) -> list[str]:
        if isinstance(event, RunBegun):
            budget = wording.describe_budget(event.config, event.budget)
            return [f"Run folder {event.folder.path}", f"Budget: {budget}"]
        if isinstance(event, DatasetReady):
            return wording.describe_dataset(event.dataset)
        if isinstance(event, WorkerReady):
            return wording.describe_worker(event.ready)
        if isinstance(event, PlanMade):
            return [wording.describe_plan(event.preset, event.wanted)]
        if isinstance(event, SelectionBegun):
            return [wording.describe_selection(event.trials, event.seeds)]
        if isinstance(event, TrialStarted):
            return [f"trial {event.number} begins: {event.parameters:,} parameters"]
        if isinstance(event, EpochReport):
            return self._describe_epoch(event)
        if isinstance(event, TrialResult):
            return [wording.describe_trial(event)]
        if isinstance(event, WorkerLost):
            return [f"Warning: {event.detail}; another takes its place"]
        if isinstance(event, RefitBegun):
            return [wording.describe_refit(event.number, event.epochs, event.planned_epochs)]
        return []

    def _describe_epoch(self, report: EpochReport) -> list[str]:
        now = time.monotonic()
        if now - self._last_epoch_line < EPOCH_LINE_SECONDS:
            return []
        self._last_epoch_line = now
        what = "training" if report.number is None else f"trial {report.number}"
        score = f", score {report.score:.4f}" if report.score is not None else ""
        return [
            f"{what}: epoch {report.epoch} of {report.epochs}, loss {report.metrics['loss']:.4f}{score}"
        ]
