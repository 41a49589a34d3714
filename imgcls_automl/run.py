"""One run from its configuration to its result: the straight line."""

from __future__ import annotations

import logging
import time
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry
from imgcls_automl.config import RunConfig, config_from_json
from imgcls_automl.errors import InterruptedRunError
from imgcls_automl.events import (
    DatasetReady,
    PlanMade,
    RefitBegun,
    RunBegun,
    SelectionBegun,
    WorkerReady,
)
from imgcls_automl.resuming import refuse_change, renew_budget
from imgcls_automl.run_folder import RunFolder, existing_run_folder, new_run_folder
from imgcls_automl.run_log import logging_to
from imgcls_automl.run_result import RunResult, load_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import optuna

    from imgcls_automl.data.dataset import Dataset, DatasetRequest
    from imgcls_automl.engine.budget import Budget
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.engine.selection import Contender
    from imgcls_automl.executors.local import LocalExecutor
    from imgcls_automl.executors.messages import Ready

    Observer = Callable[[Any], None]

logger = logging.getLogger(__name__)


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
            started=_now(),
            config=config.to_json(),
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
    observe: Observer = lambda event: None,
) -> RunResult:
    """Go on with an interrupted, killed or finished search.

    Args:
        path: The run folder.
        trials: The new total of trials; None to keep the old one.
        timeout: Seconds for this command; None for what is left of the old budget.
        observe: As in `search`.

    Raises:
        RunFolderError: It is no run folder, is in use, or is damaged.
        ConfigError: Nothing is left to do, or data or plugins have changed since.
    """
    started = time.time()
    with existing_run_folder(path) as folder:
        config = renew_budget(config_from_json(folder.record["config"]), folder, trials, timeout)
        space = registry.find(registry.SEARCH_SPACES, config.space)
        refuse_change("search space", folder.record["plugins"]["space"]["origin"], space.origin)
        folder.update(status="running", config=config.to_json())
        return _run(config, folder, space, started, observe)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a search would work with: its configuration and budget, data, worker and the space's baselines."""

    config: RunConfig
    budget: Budget
    dataset: Dataset
    ready: Ready
    baselines: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "config": self.config.to_json(),
            "epochs": self.config.planned.epochs,
            "timeout": self.budget.seconds,
            "fingerprint": self.dataset.fingerprint,
            "image_shape": self.dataset.task.image_shape,
            "class_names": self.dataset.task.class_names,
            "split_sizes": self.dataset.split_sizes,
            "device": self.ready.device,
            "baselines": self.baselines,
        }


def rehearse(config: RunConfig) -> Rehearsal:
    """Read and check the data, load the space and the framework, ask for the baselines; train and keep nothing."""
    from imgcls_automl.data.prepare import prepare_dataset
    from imgcls_automl.engine.baselines import ask_baselines
    from imgcls_automl.executors.messages import UseDataset

    space = registry.find(registry.SEARCH_SPACES, config.space)
    with closing(_start_executor(config, space, log=None)) as executor:
        dataset = prepare_dataset(dataset_request(config), folder=None, log=None)
        ready = executor.wait_ready()
        executor.use_dataset(
            UseDataset(dataset=dataset, metric=config.metric, class_weight=config.class_weight)
        )
        return Rehearsal(
            config=config,
            budget=_make_budget(config, time.time()),
            dataset=dataset,
            ready=ready,
            baselines=ask_baselines(executor),
        )


def _run(
    config: RunConfig,
    folder: RunFolder,
    space: registry.PluginInfo,
    started: float,
    observe: Observer,
) -> RunResult:
    """The straight line: data -> search -> refit and test -> report."""
    budget = _make_budget(config, started, spent=folder.record["elapsed_seconds"])
    with logging_to(folder.log), _closing_record(folder, started):
        observe(RunBegun(config=config, folder=folder, budget=budget))
        # The workers load their framework while the data is read.
        with closing(_start_executor(config, space, folder.log)) as executor:
            dataset = _prepare_data(config, folder, started, observe)
            _start_workers(config, folder, dataset, executor, observe)
            with _open_study(config, folder) as study:
                baselines = _enqueue_baselines(study, executor)
                plan = _plan(config, folder, dataset, budget, executor, baselines, observe)
                _search_trials(study, plan, folder, executor, observe)
                if not _is_settled(study, plan, folder):
                    winner = _select(study, plan, folder, executor, observe)
                    _refit_and_test(winner, plan, folder, executor, observe)
    return load_result(folder.path)


def _make_budget(config: RunConfig, started: float, *, spent: float = 0.0) -> Budget:
    """The budget of this command; `spent` are the seconds that earlier commands took of the run's."""
    from imgcls_automl.engine.budget import Budget

    seconds = None if config.wall_clock is None else config.wall_clock - spent
    return Budget(trials=config.trials, started=started, seconds=seconds)


def _start_executor(
    config: RunConfig, space: registry.PluginInfo, log: Path | None
) -> LocalExecutor:
    from imgcls_automl.executors.local import LocalExecutor
    from imgcls_automl.executors.messages import WorkerSetup

    setup = WorkerSetup(space=space, space_options=config.space_option, device=config.device)
    return LocalExecutor(setup, workers=config.workers, log=log)


def _prepare_data(
    config: RunConfig, folder: RunFolder, started: float, observe: Observer
) -> Dataset:
    from imgcls_automl.data.prepare import prepare_dataset

    dataset = prepare_dataset(
        dataset_request(config), folder=folder.data, log=folder.log, on_progress=observe
    )
    earlier = folder.record.get("dataset")
    if earlier is not None:
        refuse_change("data", earlier["fingerprint"], dataset.fingerprint)
    folder.update(
        dataset={
            "fingerprint": dataset.fingerprint,
            "class_names": dataset.task.class_names,
            "class_counts": dataset.task.class_counts,
            "image_shape": dataset.task.image_shape,
            "split_sizes": dataset.split_sizes,
            "floor": dataset.floor,
        },
        plugins={
            **folder.record["plugins"],
            "adapter": {"name": dataset.adapter, "origin": dataset.plugin, "value": ""},
        },
    )
    _note_time(folder, "data", time.time() - started)
    observe(DatasetReady(dataset=dataset, seconds=time.time() - started))
    return dataset


def dataset_request(config: RunConfig) -> DatasetRequest:
    """What the data stage needs to know of a configuration."""
    import platformdirs

    from imgcls_automl.data.dataset import DatasetRequest

    return DatasetRequest(
        data=config.data,
        test_data=config.test_data,
        adapter=config.adapter,
        options=config.data_option,
        image_size=config.image_size,
        resize=config.resize,
        seed=config.seed,
        max_bad=config.max_bad,
        cache=config.cache_dir or platformdirs.user_cache_path("imgcls-automl") / "datasets",
    )


def _start_workers(
    config: RunConfig,
    folder: RunFolder,
    dataset: Dataset,
    executor: LocalExecutor,
    observe: Observer,
) -> None:
    from imgcls_automl.executors.messages import UseDataset

    ready = executor.wait_ready()
    executor.use_dataset(
        UseDataset(dataset=dataset, metric=config.metric, class_weight=config.class_weight)
    )
    folder.update(
        versions={**folder.record["versions"], **ready.versions},
        device={"backend": ready.backend, "name": ready.device, "precision": ready.precision},
    )
    observe(WorkerReady(ready=ready))


def _plan(
    config: RunConfig,
    folder: RunFolder,
    dataset: Dataset,
    budget: Budget,
    executor: LocalExecutor,
    baselines: list[dict[str, Any]],
    observe: Observer,
) -> SearchPlan:
    """Choose epochs and retrainings; a resumed run keeps those it began with."""
    from imgcls_automl.config import Preset
    from imgcls_automl.engine.planning import SearchPlan, make_preset
    from imgcls_automl.engine.tasks import probe_epoch

    train, validation, _ = dataset.split_sizes
    growth = (train + validation) / train
    chosen = folder.record.get("plan")
    if chosen is None:
        timed = budget.deadline is not None and config.epochs is None and bool(baselines)
        epoch_seconds = probe_epoch(executor, baselines[0], observe) if timed else None
        chosen = asdict(make_preset(config, budget, train, growth, epoch_seconds))
        folder.update(plan=chosen)
    preset = Preset(**chosen)
    observe(PlanMade(preset=preset, wanted=config.planned))
    return SearchPlan(
        folder=folder.trials,
        metric=config.metric,
        seed=config.seed,
        epochs=preset.epochs,
        refit_growth=growth,
        budget=budget,
        top_k=preset.top_k,
        seeds=preset.seeds,
    )


@contextmanager
def _open_study(config: RunConfig, folder: RunFolder) -> Iterator[optuna.Study]:
    from imgcls_automl.engine.study import close_study, open_study

    study = open_study(folder.study, metric=config.metric)
    try:
        yield study
    finally:
        close_study(study)


def _enqueue_baselines(study: optuna.Study, executor: LocalExecutor) -> list[dict[str, Any]]:
    from imgcls_automl.engine.baselines import ask_baselines
    from imgcls_automl.engine.study import enqueue_baselines

    baselines = ask_baselines(executor)
    if not study.get_trials(deepcopy=False):
        enqueue_baselines(study, baselines)
    return baselines


def _is_settled(study: optuna.Study, plan: SearchPlan, folder: RunFolder) -> bool:
    """Whether a resumed run has nothing new to choose from, and its winner was fully refitted."""
    from imgcls_automl.engine.study import ranked_trials

    selection, refit = folder.record.get("selection"), folder.record["refit"]
    if selection is None or refit is None or refit["epochs"] < plan.epochs:
        return False
    top = [trial.number for trial in ranked_trials(study)][: plan.top_k]
    return top == [contender["trial"] for contender in selection["contenders"]]


def _search_trials(
    study: optuna.Study,
    plan: SearchPlan,
    folder: RunFolder,
    executor: LocalExecutor,
    observe: Observer,
) -> None:
    from imgcls_automl.engine.loop import run_trials
    from imgcls_automl.engine.pruning import choose_pruner

    began = time.time()
    study.pruner = choose_pruner(trials=plan.budget.trials, epochs=plan.epochs)
    folder.update(started_trials=True)
    try:
        run_trials(study, executor, plan, observe)
    finally:
        _note_time(folder, "search", time.time() - began)


def _select(
    study: optuna.Study,
    plan: SearchPlan,
    folder: RunFolder,
    executor: LocalExecutor,
    observe: Observer,
) -> Contender:
    """The winner: as chosen before, where a resumed run has no other candidates than it had then."""
    from imgcls_automl.engine.selection import select_winner
    from imgcls_automl.engine.study import ranked_trials

    began = time.time()
    ranked = [trial.number for trial in ranked_trials(study)]
    observe(SelectionBegun(trials=ranked[: plan.top_k], seeds=plan.seeds))
    selection = select_winner(study, executor, plan, observe)
    _note_time(folder, "selection", time.time() - began)
    folder.update(selection=selection.to_json())
    return selection.winner


def _refit_and_test(
    winner: Contender,
    plan: SearchPlan,
    folder: RunFolder,
    executor: LocalExecutor,
    observe: Observer,
) -> None:
    from imgcls_automl.engine.refitting import run_refit
    from imgcls_automl.engine.selection import measure_epoch
    from imgcls_automl.trial_files import read_result

    began = time.time()
    epochs = plan.budget.affordable_epochs(
        measure_epoch(plan, winner.trial) * plan.refit_growth, plan.epochs
    )
    observe(RefitBegun(number=winner.trial, epochs=epochs, planned_epochs=plan.epochs))
    refitted = run_refit(
        executor,
        plan,
        number=winner.trial,
        epochs=epochs,
        flips=winner.flips,
        best=folder.best,
        observe=observe,
    )
    _note_time(folder, "refit", time.time() - began)
    result = read_result(plan.folder / str(winner.trial))
    folder.update(
        best_trial=winner.trial,
        best_score=result.score if result else None,
        test_metrics=refitted.metrics,
        refit={
            "trial": winner.trial,
            "epochs": refitted.epochs,
            "planned_epochs": plan.epochs,
            "seconds": refitted.seconds,
        },
    )


@contextmanager
def _closing_record(folder: RunFolder, started: float) -> Iterator[None]:
    """Leave a complete, readable run folder however the run ends."""
    status = "failed"
    try:
        yield
        status = "complete"
    except KeyboardInterrupt:
        status = "interrupted"
        raise InterruptedRunError(_describe_interruption(folder)) from None
    finally:
        if folder.record.get("started_trials"):
            elapsed = folder.record["elapsed_seconds"] + time.time() - started
            folder.update(status=status, ended=_now(), elapsed_seconds=round(elapsed, 3))
            _write_report(folder)


def _write_report(folder: RunFolder) -> None:
    from imgcls_automl.results.leaderboard import write_leaderboard
    from imgcls_automl.results.model_card import write_model_card
    from imgcls_automl.results.report import write_report

    write_leaderboard(folder.path)
    if folder.record["best_trial"] is not None:
        write_model_card(folder.path)
    write_report(folder.path)


def _describe_interruption(folder: RunFolder) -> str:
    if not folder.record.get("started_trials"):
        return "Interrupted before the first trial; nothing was kept."
    return f"Interrupted. All finished trials are saved.\nGo on with: imgcls-automl resume {folder.path}"


def _describe_plugin(info: registry.PluginInfo) -> dict[str, str]:
    return {"name": info.name, "origin": info.origin, "value": info.value}


def _own_versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    own = {name: version(name) for name in ("imgcls-automl", "optuna")}
    return {**own, "python": platform.python_version(), "platform": platform.platform()}


def _note_time(folder: RunFolder, stage: str, seconds: float) -> None:
    timings = folder.record["timings"]
    folder.update(timings={**timings, stage: round(timings.get(stage, 0.0) + seconds, 3)})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
