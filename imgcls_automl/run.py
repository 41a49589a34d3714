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
from imgcls_automl.forking import (
    UNCHANGED,
    Changes,
    Origin,
    describe_origin,
    fork_config,
    refuse_half_fork,
)
from imgcls_automl.plugin_identity import identify_plugin, refuse_changed_plugin
from imgcls_automl.resuming import find_sources, renew_budget
from imgcls_automl.run_checks import check_run_files
from imgcls_automl.run_ending import closing_record
from imgcls_automl.run_folder import RunFolder, existing_run_folder, new_run_folder, now
from imgcls_automl.run_log import logging_to
from imgcls_automl.run_result import RunResult, load_result
from imgcls_automl.storage_errors import telling_storage_errors

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
    with new_run_folder(config) as folder, telling_storage_errors(folder.path):
        folder.update(**_first_record(config, space))
        return _run(config, folder, space, started, observe)


def resume(
    path: Path,
    *,
    trials: int | None = None,
    timeout: float | None = None,
    stop_after_no_improvement: int | None = None,
    changes: Changes = UNCHANGED,
    observe: Observer = lambda event: None,
) -> RunResult:
    """Go on with an interrupted, killed or finished search.

    Args:
        path: The run folder.
        trials: The new total of trials; None to keep the old one.
        timeout: Seconds for this command; None for what is left of the old budget.
        stop_after_no_improvement: Trials in a row without a new best, over the whole study; None to keep the old one.
        changes: What the caller takes the run to be, refused where it is another; workers and device for what follows.
        observe: As in `search`.

    Raises:
        RunFolderError: It is no run folder, is in use, or is damaged.
        ConfigError: Nothing is left to do, or data, plugins or metric have changed since.
    """
    started = time.time()
    with existing_run_folder(path) as folder, telling_storage_errors(path):
        config = find_sources(config_from_json(folder.record["config"]), folder)
        changes.refuse_other(config)
        refuse_half_fork(folder)
        check_run_files(folder)
        config = changes.apply(config)  # what is left of them is where it goes on
        config = renew_budget(config, folder, trials, timeout, stop_after_no_improvement)
        space = registry.find(registry.SEARCH_SPACES, config.space)
        before = folder.record["plugins"]["space"]
        refuse_changed_plugin("search space", before, identify_plugin(space))
        return _run(config, folder, space, started, observe, resumed=True)


def fork(
    path: Path,
    *,
    out: Path | None = None,
    trials: int | None = None,
    timeout: float | None = None,
    stop_after_no_improvement: int | None = None,
    changes: Changes = UNCHANGED,
    observe: Observer = lambda event: None,
) -> RunResult:
    """Begin a new run with what another one has tried, though data, space, plugins or metric have changed.

    Args:
        path: The other run's folder, which is only read.
        out: The new one; None for a name made from space, data and time.
        trials: The new run's total of trials; None for as many as the other had.
        timeout: Seconds for this command; None for as long as the other had.
        stop_after_no_improvement: Trials in a row without a new best; None for as many as the other was given.
        changes: What the new run is to be that the other was not.
        observe: As in `search`.

    Raises:
        ImgclsError: As in `search`; RunFolderError where `path` is no run folder, is in use or its record damaged.
    """
    started = time.time()
    with existing_run_folder(path) as old:
        config = fork_config(
            old,
            changes,
            out=out,
            trials=trials,
            timeout=timeout,
            stop_after_no_improvement=stop_after_no_improvement,
        )
        space = registry.find(registry.SEARCH_SPACES, config.space)
        origin = describe_origin(old, config, identify_plugin(space))
        with new_run_folder(config) as folder, telling_storage_errors(folder.path):
            folder.update(**_first_record(config, space), forked_from={"run": str(origin.path)})
            return _run(config, folder, space, started, observe, origin=origin)


def _run(
    config: RunConfig,
    folder: RunFolder,
    space: registry.PluginInfo,
    started: float,
    observe: Observer,
    *,
    resumed: bool = False,
    origin: Origin | None = None,
) -> RunResult:
    """The straight line: data -> search -> selection -> refit and test -> report."""
    budget = stages.make_budget(config, started, spent=folder.record["elapsed_seconds"])
    run = stages.Run(config=config, folder=folder, budget=budget, observe=observe, origin=origin)
    with logging_to(folder.log), closing_record(folder, config, resumed=resumed):
        observe(RunBegun(config=config, folder=folder, budget=budget))
        with (
            closing(stages.start_executor(config, space, folder.log)) as executor,
            stages.opened_data(run, space) as dataset,
            stages.opened_study(run) as study,  # workers load their framework meanwhile
        ):
            stages.refuse_late_start(run, "reading the pictures")
            ready = stages.ready_workers(run, dataset, executor)
            stages.refuse_late_start(run, "loading the framework")
            stages.settle_study(run, study, dataset, executor)
            baselines = stages.prepare_baselines(study, executor)
            plan = stages.make_plan(run, dataset, ready, baselines, executor)
            stages.search_trials(run, study, plan, executor)
            if not stages.is_settled(run, study, plan):
                selection = stages.choose_winner(run, study, plan, executor)
                composed = stages.compose_model(run, selection, plan, executor)
                stages.refit_and_test(run, selection.winner, composed, plan, executor)
    return load_result(folder.path)


def _first_record(config: RunConfig, space: registry.PluginInfo) -> dict[str, Any]:
    """What run.json holds from its first moment on: enough to go on with a run that is killed in the next."""
    return {
        "status": "running",
        "config": config.to_json(),
        "started": now(),
        "started_in": str(Path.cwd()),
        "seed": config.seed,
        "versions": _own_versions(),
        "plugins": {"space": identify_plugin(space)},
        "timings": {},
        "elapsed_seconds": 0.0,
        "best_trial": None,
        "test_metrics": None,
        "refit": None,
    }


def _own_versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    own = {name: version(name) for name in ("imgcls-automl", "optuna")}
    return {**own, "python": platform.python_version(), "platform": platform.platform()}
