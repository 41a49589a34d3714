"""What a search begins with: the space's known-good points, and a plan that fits the time."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import PRECISIONS, Preset
from imgcls_automl.events import PlanMade

if TYPE_CHECKING:
    import optuna

    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.messages import Ready
    from imgcls_automl.executors.results import ProbeResult
    from imgcls_automl.stages.context import Run

# Of all training pictures, without channels. With fewer an epoch takes a second or two, and precision matters little.
AMPLE_PIXELS = 10_000 * 28 * 28


def prepare_baselines(study: optuna.Study, executor: Executor) -> list[dict[str, Any]]:
    """Ask the space for its known-good points, and put them first in a new study."""
    from imgcls_automl.engine.baselines import ask_baselines
    from imgcls_automl.engine.study import enqueue_baselines

    baselines = ask_baselines(executor)
    # Fewer where it was killed between two of them.
    if len(study.get_trials(deepcopy=False)) <= len(baselines):
        enqueue_baselines(study, baselines)
    return baselines


def probe_speed(
    run: Run, ready: Ready, baselines: list[dict[str, Any]], executor: Executor
) -> ProbeResult:
    """Have a few steps of the first baseline within the limits timed, and the precision chosen by them.

    Only where time is limited: without, the same search has to give the same trials each time.
    """
    from imgcls_automl.engine.tasks import run_probe
    from imgcls_automl.executors.results import ProbeResult
    from imgcls_automl.executors.tasks import ProbeTask

    stated = PRECISIONS.get(run.config.precision)
    precisions = (stated,) if stated else ready.precisions
    if run.budget.deadline is None or not baselines:
        return ProbeResult(precision=precisions[0], epoch_seconds=None)
    task = ProbeTask(points=tuple(baselines), precisions=precisions)
    return run_probe(executor, task, deadline=run.budget.deadline, observe=run.observe)


def _leaves_precision_untried(run: Run, dataset: Dataset, ready: Ready) -> bool:
    """Whether a time limit would have had another precision tried, on data where that may be worth it."""
    height, width, _ = dataset.task.image_shape
    return (
        run.budget.deadline is None
        and run.config.precision == "auto"
        and len(ready.precisions) > 1
        and dataset.training_size * height * width >= AMPLE_PIXELS
    )


def make_plan(
    run: Run, dataset: Dataset, ready: Ready, baselines: list[dict[str, Any]], executor: Executor
) -> SearchPlan:
    """Choose epochs, retrainings and precision; a resumed run keeps those it began with."""
    from imgcls_automl.engine.planning import SearchPlan

    train, validation, _ = dataset.split_sizes
    growth = (train + validation) / dataset.training_size
    workers = executor.own_devices if ready.on_gpu else 1
    chosen = run.folder.record.get("plan")
    untried = chosen is None and _leaves_precision_untried(run, dataset, ready)
    if chosen is None:
        speed = probe_speed(run, ready, baselines, executor)
        chosen = _choose(run, dataset, speed, refit_growth=growth, workers=workers)
        run.folder.update(plan=chosen)
    preset = Preset(epochs=chosen["epochs"], top_k=chosen["top_k"], seeds=chosen["seeds"])
    run.observe(
        PlanMade(
            preset=preset,
            wanted=run.config.planned,
            precision=chosen["precision"],
            folds=dataset.folds,
            untried=untried,
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
        workers=workers,
        timed_trials=chosen.get("timed_trials"),
    )


def _choose(
    run: Run, dataset: Dataset, speed: ProbeResult, *, refit_growth: float, workers: int
) -> dict[str, Any]:
    """What run.json keeps of a plan: a resumed run goes by it."""
    from imgcls_automl.engine.planning import expect_trials, make_preset

    made = make_preset(
        run.config,
        run.budget,
        dataset.training_size,
        refit_growth,
        None if run.config.epochs else speed.epoch_seconds,  # stated epochs stand
        folds=dataset.trainings,
        workers=workers,
    )
    timed_trials = expect_trials(
        made,
        run.budget,
        speed.epoch_seconds,
        refit_growth=refit_growth,
        folds=dataset.trainings,
        ensemble=run.config.ensemble,
        workers=workers,
    )
    return {**asdict(made), "precision": speed.precision, "timed_trials": timed_trials}
