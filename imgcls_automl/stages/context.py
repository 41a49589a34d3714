"""What all stages of one run know, and the budget it has."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import NoTrialSucceededError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from imgcls_automl.config import RunConfig
    from imgcls_automl.engine.budget import Budget
    from imgcls_automl.forking import Origin
    from imgcls_automl.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What all stages of one run know.

    Attributes:
        config: What was asked for.
        folder: Where everything goes.
        budget: Of this command.
        observe: Told what happens.
        origin: The run whose trials this one begins with; None for a new search, or one that is resumed.
    """

    config: RunConfig
    folder: RunFolder
    budget: Budget
    observe: Callable[[Any], None]
    origin: Origin | None = None

    @property
    def recorded_data(self) -> Path | None:
        """The `data/` folder whose splits the trials so far were trained and scored on; None where there are none."""
        if self.folder.record.get("dataset") is not None:
            return self.folder.data
        if self.origin is None or self.origin.dataset is None:
            return None
        return self.origin.path / "data"

    @property
    def earlier_data(self) -> dict[str, Any] | None:
        """What run.json holds of the data set, with its adapter where a package has it; None for a new run."""
        dataset, adapter = (
            self.folder.record.get("dataset"),
            self.folder.record["plugins"].get("adapter"),
        )
        if dataset is None or adapter is None:
            return None
        in_package = ":" not in adapter["origin"]  # a file's content shows in what it reads
        return {**dataset, "plugin": adapter["origin"] if in_package else None}


def refuse_late_start(run: Run, done: str) -> None:
    """End a search whose time is up before it has tried anything.

    Args:
        run: Its budget and its folder.
        done: What has been done meanwhile, in words that follow "after".

    Raises:
        NoTrialSucceededError: It is; not where earlier commands have tried something that can be chosen from.
    """
    from imgcls_automl.trial_files import RESULT

    deadline = run.budget.deadline
    if deadline is None or time.time() < deadline:
        return
    if run.origin is not None or any(run.folder.trials.glob(f"*/{RESULT}")):
        return
    taken, given = time.time() - run.budget.started, round(run.budget.seconds or 0.0, 1)
    raise NoTrialSucceededError(
        f"The time was up before the first trial: after {done}, {taken:.0f} s had passed of the {given:g} s given.\n"
        "Give more with --timeout. Decoded pictures are kept: the next search has them at once."
    )


def make_budget(config: RunConfig, started: float, *, spent: float = 0.0) -> Budget:
    """The budget of this command; `spent` are the seconds that earlier commands took of the run's."""
    from imgcls_automl.engine.budget import Budget

    seconds = None if config.wall_clock is None else config.wall_clock - spent
    return Budget(
        trials=config.trials,
        started=started,
        seconds=seconds,
        patience=config.stop_after_no_improvement,
    )
