"""What resuming a run depends on: budget that is left, data and plugins that are still the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from imgcls_automl.config import RunConfig
    from imgcls_automl.run_folder import RunFolder


def renew_budget(
    config: RunConfig, folder: RunFolder, trials: int | None, timeout: float | None
) -> RunConfig:
    """The configuration with the budget a resumed command has.

    Args:
        config: As the run was last started.
        folder: Tells whether it was finished and how long it has taken.
        trials: The new total; None to keep the old one.
        timeout: Seconds for this command; None for what is left.

    Raises:
        ConfigError: Nothing is left, and no more was given.
    """
    left = (
        None if config.wall_clock is None else config.wall_clock - folder.record["elapsed_seconds"]
    )
    finished = folder.record["status"] == "complete"
    if trials is None and timeout is None and (finished or (left is not None and left <= 0)):
        raise ConfigError(
            f"{folder.path} has spent its budget.\nSay how much more: --trials N (in all) or --timeout TIME."
        )
    if trials is not None:
        return replace(config, trials=trials, timeout=timeout)
    if timeout is not None:
        return replace(config, trials=None if finished else config.trials, timeout=timeout)
    return replace(config, timeout=left)


def refuse_change(what: str, before: str, now: str) -> None:
    """Raise ConfigError where something a run depends on is not what it was."""
    if before != now:
        raise ConfigError(
            f"The {what} has changed since this run began: it was {before}, and is {now}.\n"
            "Start a new search, or bring back what it was."
        )
