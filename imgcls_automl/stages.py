"""The stages of a run, each a function that takes what the stage before gave."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import (
    DEFAULT_CACHE_LIMIT,
    DEFAULT_READ_TIMEOUT,
    PRECISIONS,
    Preset,
)
from imgcls_automl.events import DatasetReady, PlanMade, RefitBegun, TrialsFound, WorkerReady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import optuna

    from imgcls_automl.config import RunConfig
    from imgcls_automl.data.dataset import Dataset, DatasetRequest
    from imgcls_automl.engine.budget import Budget
    from imgcls_automl.engine.composing import Composed
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.engine.selection import Contender, Selection
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.local import LocalExecutor
    from imgcls_automl.executors.messages import Ready
    from imgcls_automl.executors.results import ProbeResult
    from imgcls_automl.forking import Origin
    from imgcls_automl.registry import PluginInfo
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


def start_executor(config: RunConfig, space: PluginInfo, log: Path | None) -> LocalExecutor:
    """Start the workers, which load their framework while the data is read."""
    from imgcls_automl.executors.local import LocalExecutor
    from imgcls_automl.executors.messages import WorkerSetup
    from imgcls_automl.executors.supervision import Limits

    setup = WorkerSetup(space=space, space_options=config.space_option, device=config.device)
    limits = Limits(trial=config.trial_timeout)
    return LocalExecutor(setup, workers=config.workers, log=log, limits=limits)


@contextmanager
def opened_data(run: Run, space: PluginInfo) -> Iterator[Dataset]:
    """Read, check and split the pictures, which stay in the cache until the block ends.

    A resumed run refuses others than it began with. A space that cannot be loaded is told while they are read.
    """
    from imgcls_automl.data.prepare import opened_dataset
    from imgcls_automl.space_check import trying_space

    def observe(progress: Any) -> None:
        raise_broken_space()
        run.observe(progress)

    request = replace(dataset_request(run.config), earlier=run.earlier_data)
    with ExitStack() as held:
        with trying_space(space, run.config.space_option, run.folder.log) as raise_broken_space:
            opened = opened_dataset(
                request, folder=run.folder.data, log=run.folder.log, on_progress=observe
            )
            dataset = held.enter_context(opened)
        _record_dataset(run, dataset)
        yield dataset


def _record_dataset(run: Run, dataset: Dataset) -> None:
    run.folder.update(
        dataset={
            "fingerprint": dataset.fingerprint,
            "corrections": dataset.corrections,
            "class_names": dataset.task.class_names,
            "class_counts": dataset.task.class_counts,
            "image_shape": dataset.task.image_shape,
            "split_sizes": dataset.split_sizes,
            "floor": dataset.floor,
        },
        plugins={
            **run.folder.record["plugins"],
            "adapter": {"name": dataset.adapter, "origin": dataset.plugin, "value": ""},
        },
    )
    run.folder.note_time("data", time.time() - run.budget.started)
    run.observe(DatasetReady(dataset=dataset, seconds=time.time() - run.budget.started))


def dataset_request(config: RunConfig) -> DatasetRequest:
    """What the data stage needs to know of a configuration."""
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
        exclude=config.exclude,
        relabel=config.relabel,
        folds=config.folds,
        max_pixels=config.max_pixels,
        cache=config.cache_dir or default_cache(),
        cache_limit=config.cache_limit or DEFAULT_CACHE_LIMIT,
        read_timeout=config.read_timeout or DEFAULT_READ_TIMEOUT,
    )


def default_cache() -> Path:
    """Where decoded sets are kept unless the user says otherwise."""
    import platformdirs

    return platformdirs.user_cache_path("imgcls-automl") / "datasets"


def ready_workers(run: Run, dataset: Dataset, executor: Executor) -> Ready:
    """Wait for the workers and give them the data set."""
    from imgcls_automl.executors.messages import UseDataset

    ready = executor.wait_ready()
    executor.use_dataset(
        UseDataset(
            dataset=dataset,
            metric=run.config.metric,
            class_weight=run.config.class_weight,
            sampling=run.config.sampling,
            limits=run.config.limits,
        )
    )
    run.folder.update(
        versions={**run.folder.record["versions"], **ready.versions},
        device={"backend": ready.backend, "name": ready.device},
    )
    run.observe(WorkerReady(ready=ready))
    return ready


@contextmanager
def opened_study(run: Run) -> Iterator[optuna.Study]:
    """The run's study, closed again when the block ends."""
    from imgcls_automl.engine.study import close_study, open_study

    study = open_study(run.folder.study, metric=run.config.metric)
    try:
        yield study
    finally:
        close_study(study)


def settle_study(run: Run, study: optuna.Study, dataset: Dataset, executor: Executor) -> None:
    """Bring study and trial folders to one state: results it was never told, trials of the run it was forked from."""
    from imgcls_automl.engine.carrying import carry_trials
    from imgcls_automl.engine.retelling import tell_lost_results

    if run.origin is not None:
        carried = carry_trials(study, executor, run.origin, dataset, run.config, run.folder.trials)
        if carried.numbers:  # scores compare at equal epochs: the other run's plan stands
            run.folder.update(plan=run.origin.plan)
        run.folder.update(forked_from=carried.to_json())
        run.observe(carried)
    tell_lost_results(study, executor, run.folder.trials)


def prepare_baselines(study: optuna.Study, executor: Executor) -> list[dict[str, Any]]:
    """Ask the space for its known-good points, and put them first in a new study."""
    from imgcls_automl.engine.baselines import ask_baselines
    from imgcls_automl.engine.study import enqueue_baselines

    baselines = ask_baselines(executor)
    if len(study.get_trials(deepcopy=False)) <= len(
        baselines
    ):  # killed between two of them, perhaps
        enqueue_baselines(study, baselines)
    return baselines


def probe_speed(
    run: Run, ready: Ready, baselines: list[dict[str, Any]], executor: Executor
) -> ProbeResult:
    """Have a few steps of the first baseline timed, and the precision chosen by them.

    Only where time is limited: without, the same search has to give the same trials each time.
    """
    from imgcls_automl.engine.tasks import run_probe
    from imgcls_automl.executors.messages import ProbeTask
    from imgcls_automl.executors.results import ProbeResult

    stated = PRECISIONS.get(run.config.precision)
    precisions = (stated,) if stated else ready.precisions
    if run.budget.deadline is None or not baselines:
        return ProbeResult(precision=precisions[0], epoch_seconds=None)
    task = ProbeTask(parameters=baselines[0], precisions=precisions)
    return run_probe(executor, task, deadline=run.budget.deadline, observe=run.observe)


def make_plan(
    run: Run, dataset: Dataset, ready: Ready, baselines: list[dict[str, Any]], executor: Executor
) -> SearchPlan:
    """Choose epochs, retrainings and precision; a resumed run keeps those it began with."""
    from imgcls_automl.engine.planning import SearchPlan, make_preset

    train, validation, _ = dataset.split_sizes
    growth = (train + validation) / dataset.training_size
    chosen = run.folder.record.get("plan")
    if chosen is None:
        speed = probe_speed(run, ready, baselines, executor)
        pace = None if run.config.epochs else speed.epoch_seconds  # stated epochs stand
        made = make_preset(
            run.config, run.budget, dataset.training_size, growth, pace, folds=dataset.trainings
        )
        chosen = {**asdict(made), "precision": speed.precision}
        run.folder.update(plan=chosen)
    preset = Preset(epochs=chosen["epochs"], top_k=chosen["top_k"], seeds=chosen["seeds"])
    run.observe(
        PlanMade(
            preset=preset,
            wanted=run.config.planned,
            precision=chosen["precision"],
            folds=dataset.folds,
        )
    )
    return SearchPlan(
        folder=run.folder.trials,
        metric=run.config.metric,
        seed=run.config.seed,
        epochs=preset.epochs,
        precision=chosen["precision"],
        refit_growth=growth,
        budget=run.budget,
        top_k=preset.top_k,
        seeds=preset.seeds,
        folds=dataset.trainings,
        ensemble=run.config.ensemble,
    )


def search_trials(run: Run, study: optuna.Study, plan: SearchPlan, executor: Executor) -> None:
    """Search until the budget is spent."""
    from imgcls_automl.engine.loop import run_trials
    from imgcls_automl.engine.pruning import choose_pruner
    from imgcls_automl.engine.study import ended_trials
    from imgcls_automl.executors.results import TrialResult
    from imgcls_automl.trial_files import read_result

    began = time.time()
    study.pruner = choose_pruner(epochs=plan.epochs)
    run.folder.search_began = True
    earlier = [read_result(plan.folder / str(trial.number)) for trial in ended_trials(study)]
    if earlier:
        run.observe(TrialsFound(results=[result for result in earlier if result is not None]))

    def observe(event: Any) -> None:
        if isinstance(event, TrialResult):  # so that a killed run knows what it has spent
            run.folder.note_elapsed()
        run.observe(event)

    try:
        run_trials(study, executor, plan, observe)
    finally:
        run.folder.note_time("search", time.time() - began)


def is_settled(run: Run, study: optuna.Study, plan: SearchPlan) -> bool:
    """Whether a resumed run has nothing new to choose from, and its winner was fully refitted."""
    from imgcls_automl.engine.study import ranked_trials

    selection, refit = run.folder.record.get("selection"), run.folder.record["refit"]
    if selection is None or refit is None or refit["epochs"] < plan.epochs:
        return False
    top = [trial.number for trial in ranked_trials(study)][: plan.top_k]
    return top == [contender["trial"] for contender in selection["contenders"]]


def choose_winner(run: Run, study: optuna.Study, plan: SearchPlan, executor: Executor) -> Selection:
    """Retrain the top candidates and choose one."""
    from imgcls_automl.engine.selection import select_winner

    began = time.time()
    selection = select_winner(study, executor, plan, run.observe)
    run.folder.note_time("selection", time.time() - began)
    run.folder.update(selection=selection.to_json())
    return selection


def compose_model(run: Run, selection: Selection, plan: SearchPlan, executor: Executor) -> Composed:
    """Calibrate the winner and, where that was asked for, make an ensemble with it."""
    from imgcls_automl.engine import composing

    began = time.time()
    composed = composing.compose_model(executor, plan, selection, run.observe)
    run.folder.note_time("ensemble", time.time() - began)
    return composed


def refit_and_test(
    run: Run, winner: Contender, composed: Composed, plan: SearchPlan, executor: Executor
) -> None:
    """Train the winner once more, on train + validation, and test it once."""
    from imgcls_automl.engine.refitting import run_refit
    from imgcls_automl.engine.selection import measure_epoch
    from imgcls_automl.trial_files import drop_checkpoints, read_result

    began = time.time()
    epochs = plan.budget.affordable_epochs(
        measure_epoch(plan, winner.trial) * plan.refit_growth, plan.epochs
    )
    run.observe(RefitBegun(number=winner.trial, epochs=epochs, planned_epochs=plan.epochs))
    refitted = run_refit(
        executor,
        plan,
        number=winner.trial,
        epochs=epochs,
        flips=winner.flips,
        composition=composed.composition,
        best=run.folder.best,
        observe=run.observe,
    )
    run.folder.note_time("refit", time.time() - began)
    if refitted.members < len(composed.composition.members):
        composed = composed.without_members("the worker died on it")
    result = read_result(plan.folder / str(winner.trial))
    run.folder.update(
        best_trial=winner.trial,
        best_score=result.score if result else None,
        test_metrics=refitted.metrics,
        refit={
            "trial": winner.trial,
            "epochs": refitted.epochs,
            "planned_epochs": plan.epochs,
            "seconds": refitted.seconds,
        },
        final_model=composed.to_json(),
    )
    drop_checkpoints(run.folder.best)
