"""What resuming a run depends on: budget that is left, data and plugins that are still the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from imgcls_automl.config import RunConfig
    from imgcls_automl.run_folder import RunFolder


def renew_budget(
    config: RunConfig,
    folder: RunFolder,
    trials: int | None,
    timeout: float | None,
    patience: int | None = None,
) -> RunConfig:
    """The configuration with the budget a run has when it is resumed; its timeout is that of all commands together.

    A run that has not finished keeps what is not given anew. One that has goes on by what is given alone: its old
    limits have been met. Where only patience is given, they stand: it may have been patience that ended the run.

    Args:
        config: As the run was last started.
        folder: Tells whether it was finished, its report included, and how long it has taken.
        trials: The new total; None to keep the old one.
        timeout: Seconds for this command; None for what is left.
        patience: Trials in a row without a new best, over the whole study; None to keep the old number.

    Raises:
        ConfigError: Nothing is left, and no more was given.
        RunFolderError: A trial's file is damaged.
    """
    spent = folder.record["elapsed_seconds"]
    finished = folder.record["status"] == "complete" and folder.record.get("reported", True)
    given_none = finished and trials is None and timeout is None
    if given_none and patience is None:
        raise ConfigError(
            f"{folder.path} has spent its budget.\nSay how much more: --trials N (in all) or --timeout TIME."
        )
    total = None if timeout is None else spent + timeout
    if not finished or given_none:
        trials = trials or config.trials
        total = total or config.timeout
        patience = patience or config.stop_after_no_improvement
    renewed = replace(config, trials=trials, timeout=total, stop_after_no_improvement=patience)
    if renewed.wall_clock is not None and renewed.wall_clock <= spent:
        raise ConfigError(
            f"{folder.path} has spent its time, {spent:.0f} of {renewed.wall_clock:.0f} s.\n"
            "Say how much more: --timeout TIME."
        )
    if given_none and trials is not None and _count_trials(folder) >= trials:
        raise ConfigError(
            f"{folder.path} has had its {trials} trials, however patient it is.\n"
            "Say how many it may have in all, too: --trials N."
        )
    return renewed


def _count_trials(folder: RunFolder) -> int:
    """The trials that `--trials` counts, by what is on the disk."""
    from imgcls_automl.executors.causes import CARRIED_OVER
    from imgcls_automl.trial_files import RESULT, read_result

    found = [read_result(path.parent) for path in folder.trials.glob(f"[0-9]*/{RESULT}")]
    return sum(
        it is not None and it.state != "infeasible" and it.cause != CARRIED_OVER for it in found
    )


def find_sources(config: RunConfig, folder: RunFolder) -> RunConfig:
    """The configuration with relative paths that lead nowhere from here taken from where the run was started."""
    home = Path(folder.record.get("started_in", "."))

    def locate(source: str) -> str:
        moved = not Path(source).exists() and (home / source).exists()
        return str(home / source) if moved else source

    def locate_plugin(reference: str) -> str:
        place, colon, name = reference.rpartition(":")
        return f"{locate(place)}{colon}{name}" if colon else reference

    return replace(
        config,
        data=tuple(locate(source) for source in config.data),
        test_data=None if config.test_data is None else locate(config.test_data),
        exclude=tuple(locate(path) for path in config.exclude),
        relabel=tuple(locate(path) for path in config.relabel),
        space=locate_plugin(config.space),
        adapter=None if config.adapter is None else locate_plugin(config.adapter),
    )


def refuse_change(what: str, before: str, now: str) -> None:
    """Raise ConfigError where something a run depends on is not what it was."""
    if before != now:
        raise ConfigError(
            f"The {what} has changed since this run began: it was {before}, and is {now}.\n"
            "Bring back what it was, or begin a new run with what this one tried: imgcls-automl resume RUN --fork"
        )
