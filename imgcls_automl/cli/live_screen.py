"""Progress on a terminal: a panel that is redrawn in place and gives way to the result at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from imgcls_automl.cli import wording
from imgcls_automl.data.dataset import IngestProgress
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
from imgcls_automl.training.scoring import is_better

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType, RenderResult

SHOWN_TRIALS = 6
_STYLES = {"complete": "green", "pruned": "yellow", "failed": "red", "infeasible": "magenta"}


class LiveScreen:
    """Shows what was read, the last trials, the running one's epochs, the best score and the time left."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, markup=False)
        self._live = Live(
            self,
            console=self._console,
            refresh_per_second=4,
            transient=True,
            vertical_overflow="crop",
        )
        self._begun: RunBegun | None = None
        self._stage = "Starting"
        self._ingest: IngestProgress | None = None
        self._results: list[TrialResult] = []
        self._best: TrialResult | None = None
        self._running: dict[int | None, EpochReport | TrialStarted] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def observe(self, event: Any) -> None:
        if isinstance(event, RunBegun):
            self._begun = event
            self._say(f"Run folder {event.folder.path}")
            self._say(f"Budget: {wording.describe_budget(event.config, event.budget)}")
            self._stage = "Reading the pictures"
        elif isinstance(event, IngestProgress):
            self._ingest = event
        elif isinstance(event, DatasetReady):
            self._ingest, self._stage = None, "Loading the framework"
            for line in wording.describe_dataset(event.dataset):
                self._say(line)
        elif isinstance(event, WorkerReady):
            self._stage = "Searching"
            for line in wording.describe_worker(event.ready):
                self._say(line)
        elif isinstance(event, PlanMade):
            self._say(wording.describe_plan(event.preset, event.wanted))
        elif isinstance(event, SelectionBegun):
            self._running.clear()
            self._stage = wording.describe_selection(event.trials, event.seeds)
        elif isinstance(event, RefitBegun):
            self._running.clear()
            self._stage = wording.describe_refit(event.number, event.epochs, event.planned_epochs)
        else:
            self._observe_trial(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Group(*self._parts())

    def _observe_trial(self, event: Any) -> None:
        if isinstance(event, TrialStarted | EpochReport):
            self._running[event.number] = event
        elif isinstance(event, TrialResult):
            self._running.pop(event.number, None)
            self._results.append(event)
            best = self._best.score if self._best else None
            if (
                event.state == "complete"
                and event.score is not None
                and is_better(event.metric, event.score, best)
            ):
                self._best = event
        elif isinstance(event, WorkerLost):
            self._running.clear()
            self._say(f"Warning: {event.detail}; another takes its place")

    def _say(self, line: str) -> None:
        """Write a line above the panel, for good."""
        self._console.print(Text(plain(line)), soft_wrap=True)

    def _parts(self) -> list[RenderableType]:
        parts: list[RenderableType] = [self._head()]
        if self._ingest is not None:
            parts.append(_draw_bar(self._ingest.stage, self._ingest.done, self._ingest.total, ""))
        if self._results:
            parts.append(self._trials())
        for report in self._running.values():
            parts.append(_draw_running(report))
        return parts

    def _head(self) -> Text:
        head = Text(self._stage, style="bold", no_wrap=True, overflow="ellipsis")
        if self._best is not None:
            head.append(
                f"  best {self._best.score:.4f} (trial {self._best.number})", style="bold green"
            )
        if self._begun is not None:
            budget = self._begun.budget
            if budget.trials is not None:
                head.append(f"  {len(self._results)}/{budget.trials} trials", style="not bold")
            if budget.deadline is not None:
                left = max(0.0, budget.deadline - time.time())
                head.append(f"  {wording.format_seconds(left)} left", style="not bold")
        return head

    def _trials(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
        for name in ("trial", "state", "score", "epochs", "time"):
            table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
        for result in self._results[-SHOWN_TRIALS:]:
            score = "" if result.score is None else f"{result.score:.4f}"
            style = "bold green" if result is self._best else ""
            table.add_row(
                Text(str(result.number), style=style),
                Text(
                    result.cause if result.state == "failed" and result.cause else result.state,
                    style=_STYLES[result.state],
                ),
                Text(score, style=style),
                f"{result.epochs}/{result.planned_epochs}",
                wording.format_seconds(result.seconds),
            )
        return table


def _draw_running(report: EpochReport | TrialStarted) -> Table:
    what = "training" if report.number is None else f"trial {report.number}"
    if isinstance(report, TrialStarted):
        return _draw_bar(what, 0, None, f"{report.parameters:,} parameters")
    score = (
        f"score {report.score:.4f}"
        if report.score is not None
        else f"loss {report.metrics['loss']:.4f}"
    )
    return _draw_bar(
        what, report.epoch, report.epochs, f"epoch {report.epoch}/{report.epochs}  {score}"
    )


def _draw_bar(what: str, done: int, total: int | None, behind: str) -> Table:
    line = Table.grid(padding=(0, 1))
    count = behind or (f"{done:,}" if total is None else f"{done:,} of {total:,}")
    bar = ProgressBar(total=total, completed=done, width=24, pulse=total is None)
    line.add_row(Text(what, no_wrap=True), bar, Text(count, no_wrap=True, overflow="ellipsis"))
    return line
