"""Progress on a terminal: a panel that is redrawn in place and gives way to the result at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from rich.cells import cell_len
from rich.console import Console, Group
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from imgcls_automl.cli import wording
from imgcls_automl.cli.durations import describe_time_left, format_seconds
from imgcls_automl.cli.lasting_stderr import lasting_stderr
from imgcls_automl.cli.outcome_table import draw_outcomes
from imgcls_automl.cli.progress import Bar, Progress
from imgcls_automl.events import RunBegun
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import ConsoleOptions, RenderableType, RenderResult

MOST_OUTCOMES = 10  # that are shown, where the terminal is high enough
WIDEST_BAR, NARROWEST_BAR = 24, 5  # columns
NARROWEST_NAME = len("trial 1000")
BETWEEN = "  "


class LiveScreen:
    """Shows the last trials, the running epochs, the best score, the device and the time left.

    The panel is never higher or wider than the terminal. What should last is written above it.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=lasting_stderr(), highlight=False, markup=False)
        self._live = Live(
            self,
            console=self._console,
            refresh_per_second=4,
            transient=True,
            vertical_overflow="crop",
        )
        self._progress = Progress()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def observe(self, event: Any) -> None:
        self._progress.observe(event)
        for line in wording.describe_lasting(event):
            # A path stays whole, to be copied; the terminal itself breaks it.
            self._console.print(Text(plain(line)), soft_wrap=isinstance(event, RunBegun))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # A line is left for the cursor; a column, for terminals that wrap when the last one is written.
        width = options.max_width - 1
        yield Constrain(Group(*_draw(self._progress, console.height - 1, width)), width)


def _draw(progress: Progress, height: int, width: int) -> list[RenderableType]:
    """The panel: head, outcomes, bars; where the terminal is low, the bars matter more than the outcomes."""
    # Copied, because events come in another thread than the one that draws.
    bars = list(progress.bars.values())
    lines = _fold(_list_head(progress, width), width)
    if progress.device and height > 12:
        lines.append(Text(progress.device, style="dim"))
    drawn: list[RenderableType] = [_crop(line, width) for line in lines[:height]]
    room = height - len(drawn) - len(bars)
    if progress.outcomes and room > 1:
        drawn.append(draw_outcomes(progress, min(MOST_OUTCOMES, room - 1), width))
    if bars and height > len(lines):
        drawn.append(_draw_bars(bars[: height - len(lines)], width))
    return drawn


def _list_head(progress: Progress, width: int) -> list[Text]:
    """Stage, best score, trials and time, each of which is kept together on a line."""
    head = [Text(progress.stage, style="bold")]
    standing, budget = progress.standing, progress.budget
    if standing is not None and standing.best_score is not None:
        words = f"best {standing.best_score:.4f} (trial {standing.best_trial})"
        head.append(Text(words, style="bold green"))
    if standing is not None and budget is not None:
        total = budget.trials
        head.append(
            Text(
                wording.count(standing.counted, "trial")
                if total is None
                else f"{standing.counted}/{total} trials"
            )
        )
    if budget is not None and budget.deadline is not None:
        head.append(Text(_tell_time(progress, budget.deadline, width)))
    elif budget is not None:
        head.append(Text(f"{format_seconds(time.time() - budget.started)} so far"))
    return head


def _tell_time(progress: Progress, deadline: float, width: int) -> str:
    work = "retraining and refit" if progress.retrains else "the refit"
    standing, after = progress.standing, None
    if progress.searching and standing is not None and standing.deadline is not None:
        after = deadline - standing.deadline
    then = f" for {work}" if standing is not None else ""
    left = max(0.0, deadline - time.time())
    long, short = describe_time_left(left, after=after, then=then)
    return long if len(long) <= width else short


def _fold(parts: Sequence[Text], width: int) -> list[Text]:
    """Put parts on lines, as many side by side as fit."""
    lines = [parts[0]]
    for part in parts[1:]:
        if lines[-1].cell_len + len(BETWEEN) + part.cell_len <= width:
            lines[-1] = Text.assemble(lines[-1], BETWEEN, part)
        else:
            lines.append(part)
    return lines


def _crop(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    line.no_wrap = True
    return line


def _draw_bars(bars: Sequence[Bar], width: int) -> Table:
    """A line each: name, bar and words; on a narrow terminal without the bar, and with less of a name."""
    told = _measure([bar.told for bar in bars])
    names = _name_bars(bars, width - told - 1)
    room = min(WIDEST_BAR, width - _measure(names) - told - 2)
    lines = Table.grid(padding=(0, 1))
    for bar, name in zip(bars, names, strict=True):
        cells: list[RenderableType] = [Text(name, no_wrap=True, overflow="ellipsis")]
        if room >= NARROWEST_BAR:
            pulse = bar.total is None
            cells.append(ProgressBar(total=bar.total, completed=bar.done, width=room, pulse=pulse))
        lines.add_row(*cells, Text(bar.told, no_wrap=True, overflow="ellipsis"))
    return lines


def _name_bars(bars: Sequence[Bar], room: int) -> list[str]:
    """What is under way, and on which of several workers, in as many letters as there is room for."""
    full = [f"{bar.what} on {bar.where}" if bar.where else bar.what for bar in bars]
    short = [f"{bar.what} {bar.where.replace('worker ', 'w')}".rstrip() for bar in bars]
    fitting = (names for names in (full, short) if _measure(names) <= room)
    return next(fitting, [_keep_end(bar.what, max(room, NARROWEST_NAME)) for bar in bars])


def _keep_end(name: str, room: int) -> str:
    """A name cut at its begin: of `retraining of trial 3 (1 of 2)` the end tells which one."""
    return name if cell_len(name) <= room else f"…{name[1 - room :]}"


def _measure(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts))
