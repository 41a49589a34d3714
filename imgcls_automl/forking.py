"""A new run that begins with what another one has tried: its configuration, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.config_sources import config_from_json
from imgcls_automl.errors import RunFolderError
from imgcls_automl.plugin_identity import is_same_plugin
from imgcls_automl.resuming import find_sources, refuse_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.config import RunConfig
    from imgcls_automl.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a command says a run should be; None where it says nothing.

    Of metric, space and data `resume` refuses what differs from the run, and a fork takes it over. Where a run goes on,
    by how many workers and on what device, may differ in both.
    """

    metric: str | None = None
    space: str | None = None
    data: tuple[str, ...] | None = None
    workers: int | None = None
    device: str | None = None

    def refuse_other(self, config: RunConfig) -> None:
        """Raise ConfigError where a run is asked to be another."""
        if self.metric is not None:
            refuse_change("metric", config.metric, self.metric)
        if self.space is not None:
            refuse_change("search space", config.space, self.space)
        if self.data is not None:
            refuse_change("data", ", ".join(config.data), ", ".join(self.data))

    def apply(self, config: RunConfig) -> RunConfig:
        """The configuration with what was said."""
        return replace(
            config,
            metric=self.metric or config.metric,
            space=self.space or config.space,
            data=self.data or config.data,
            workers=self.workers or config.workers,
            device=self.device or config.device,
        )


UNCHANGED = Changes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The run whose trials a new one begins with.

    Attributes:
        path: Its folder.
        metric: What it selected by.
        same_space: Whether the new run searches the same space, of the same version.
        dataset: What its run.json holds of the data set; None where it never came to read it.
        plan: What it holds of epochs, retrainings and precision; None where there was none yet.
    """

    path: Path
    metric: str
    same_space: bool
    dataset: Mapping[str, Any] | None
    plan: Mapping[str, Any] | None


def fork_config(
    old: RunFolder,
    changes: Changes,
    *,
    out: Path | None,
    trials: int | None,
    timeout: float | None,
    stop_after_no_improvement: int | None,
) -> RunConfig:
    """The configuration of a run that begins with another's trials; its budget is its own and begins anew.

    Args:
        old: The other run.
        changes: What is to be different.
        out: The new run's folder; None for a name made from space, data and time.
        trials: Its total of trials, trials it only carries over not counted; None for as many as the old one had.
        timeout: Seconds for its command; None for as long as the old one had.
        stop_after_no_improvement: Trials in a row without a new best; None for as many as the old one was given.
    """
    config = changes.apply(find_sources(config_from_json(old.record["config"]), old))
    return replace(
        config,
        out=out,
        trials=trials or config.trials,
        timeout=timeout or config.timeout,
        stop_after_no_improvement=stop_after_no_improvement or config.stop_after_no_improvement,
    )


def describe_origin(old: RunFolder, config: RunConfig, space: Mapping[str, Any]) -> Origin:
    """What the new run has to know of the old one; `space` identifies the plugin that the new one uses."""
    before = old.record["config"]
    return Origin(
        path=old.path.resolve(),
        metric=before["metric"],
        same_space=is_same_plugin(old.record["plugins"]["space"], space)
        and before["space_option"] == config.space_option,
        dataset=old.record.get("dataset"),
        plan=old.record.get("plan"),
    )


def refuse_half_fork(folder: RunFolder) -> None:
    """Raise RunFolderError where a fork was killed before it had carried everything over."""
    origin = folder.record.get("forked_from")
    if origin is not None and "what" not in origin:
        raise RunFolderError(
            f"{folder.path} was ended before it had carried over the trials of {origin['run']}.\n"
            f"Remove it, and begin again: imgcls-automl resume {origin['run']} --fork"
        )
