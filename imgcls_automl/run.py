"""One run from its configuration to its result: the straight line."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry, stages
from imgcls_automl.config import RunConfig
from imgcls_automl.config_sources import config_from_json
from imgcls_automl.events import RunBegun
from imgcls_automl.resuming import find_sources, refuse_change, renew_budget
from imgcls_automl.run_ending import closing_record
from imgcls_automl.run_folder import RunFolder, existing_run_folder, new_run_folder, now
from imgcls_automl.run_log import logging_to
from imgcls_automl.run_result import RunResult, load_result

if TYPE_CHECKING:
    from collections.abc import Callable

    Observer = Callable[[Any], None]


def search(config: RunConfig, observe: Observer = lambda event: None) -> RunResult:
    """Search, refit, test and report.

    Args:
        config: What to do.
        observe: Told what happens as it happens: the events of `imgcls_automl.events` and the workers' messages.

    Raises:
        ImgclsError: One of the tree in `imgcls_automl.errors`.
    """
    started = time.time()
    space = registry.find(registry.SEARCH_SPACES, config.space)
    with new_run_folder(config) as folder:
        folder.update(
            status="running",
            started=now(),
            started_in=str(Path.cwd()),
            seed=config.seed,
            versions=_own_versions(),
            plugins={"space": _describe_plugin(space)},
            timings={},
            elapsed_seconds=0.0,
            best_trial=None,
            test_metrics=None,
            refit=None,
        )
        return _run(config, folder, space, started, observe)


def resume(
    path: Path,
    *,
    trials: int | None = None,
    timeout: float | None = None,
    stop_after_no_improvement: int | None = None,
    observe: Observer = lambda event: None,
) -> RunResult:
    """Go on with an interrupted, killed or finished search.

    Args:
        path: The run folder.
        trials: The new total of trials; None to keep the old one.
        timeout: Seconds for this command; None for what is left of the old budget.
        stop_after_no_improvement: Trials in a row without a new best, over the whole study; None to keep the old one.
        observe: As in `search`.

    Raises:
        RunFolderError: It is no run folder, is in use, or is damaged.
        ConfigError: Nothing is left to do, or data or plugins have changed since.
    """
    started = time.time()
    with existing_run_folder(path) as folder:
        config = find_sources(config_from_json(folder.record["config"]), folder)
        config = renew_budget(config, folder, trials, timeout, stop_after_no_improvement)
        space = registry.find(registry.SEARCH_SPACES, config.space)
        if space.distribution:
            before = folder.record["plugins"]["space"]["origin"]
            refuse_change("search space", before, space.origin)
        return _run(config, folder, space, started, observe)


def _run(
    config: RunConfig,
    folder: RunFolder,
    space: registry.PluginInfo,
    started: float,
    observe: Observer,
) -> RunResult:
    """The straight line: data -> search -> selection -> refit and test -> report."""
    budget = stages.make_budget(config, started, spent=folder.record["elapsed_seconds"])
    run = stages.Run(config=config, folder=folder, budget=budget, observe=observe)
    with logging_to(folder.log), closing_record(folder, config):
        observe(RunBegun(config=config, folder=folder, budget=budget))
        with (
            closing(stages.start_executor(config, space, folder.log)) as executor,
            stages.opened_data(run) as dataset,
        ):
            ready = stages.ready_workers(run, dataset, executor)
            with stages.opened_study(run) as study:
                baselines = stages.prepare_baselines(study, executor)
                plan = stages.make_plan(run, dataset, ready, baselines, executor)
                stages.search_trials(run, study, plan, executor)
                if not stages.is_settled(run, study, plan):
                    winner = stages.choose_winner(run, study, plan, executor)
                    stages.refit_and_test(run, winner, plan, executor)
    return load_result(folder.path)


def _describe_plugin(info: registry.PluginInfo) -> dict[str, str]:
    return {"name": info.name, "origin": info.origin, "value": info.value}


def _own_versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    own = {name: version(name) for name in ("imgcls-automl", "optuna")}
    return {**own, "python": platform.python_version(), "platform": platform.platform()}
