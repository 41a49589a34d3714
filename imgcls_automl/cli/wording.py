"""A run's events in words, the same for every screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.cli.durations import format_seconds
from imgcls_automl.events import (
    DatasetReady,
    EnsembleChosen,
    PlanMade,
    RefitBegun,
    RunBegun,
    SearchStopped,
    SelectionBegun,
    TrialsCarried,
    TrialsFound,
    WeightsLost,
    WorkerReady,
)
from imgcls_automl.executors.messages import WorkerLost
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.config import Preset, RunConfig
    from imgcls_automl.data.dataset import Dataset, IngestProgress
    from imgcls_automl.engine.budget import Budget
    from imgcls_automl.executors.messages import Ready

UNTRIED_PRECISION = (
    "Hint: this processor computes in bfloat16, which only a search with --timeout tries by itself;"
    " --precision bfloat16 may be faster"
)


def describe_lasting(event: Any) -> list[str]:
    """The lines that every screen keeps of an event; most have none."""
    match event:
        case RunBegun():
            budget = describe_budget(event.config, event.budget)
            limits = event.config.limits.describe()
            return [
                f"Run folder {event.folder.path}",
                f"Budget: {budget}",
                *([f"Limits: models of {limits}"] if limits else []),
            ]
        case DatasetReady():
            return [*describe_dataset(event.dataset), *_point_to_issues(event.dataset)]
        case WorkerReady():
            return describe_worker(event.ready)
        case PlanMade():
            return [describe_plan(event), *([UNTRIED_PRECISION] if event.untried else [])]
        case TrialsCarried():
            return [describe_carried(event)]
        case TrialsFound():
            return [f"Going on after {count(len(event.results), 'trial')}"]
        case WeightsLost():
            told = f"{event.file} is missing or damaged; trial {event.trial} is trained again"
            return [f"Warning: {told}"]
        case SelectionBegun():
            return [describe_selection(event)]
        case EnsembleChosen():
            return [describe_ensemble(event)]
        case RefitBegun():
            return [describe_refit(event.number, event.epochs, event.planned_epochs)]
        case SearchStopped():
            return [f"The search stops early: {event.reason}"]
        case WorkerLost():
            return [f"Warning: {event.detail}; another takes its place"]
    return []


def describe_budget(config: RunConfig, budget: Budget) -> str:
    """`"preset medium, at most 20m"`."""
    limits = []
    if budget.trials is not None:
        limits.append(f"{budget.trials} trials")
    if budget.seconds is not None:
        limits.append(f"at most {format_seconds(budget.seconds)}")
    if budget.patience is not None:
        limits.append(f"until {count(budget.patience, 'trial')} in a row bring no new best")
    return f"preset {config.preset}, {', '.join(limits)}"


def describe_plan(plan: PlanMade) -> str:
    """How trials and retrainings are laid out, and where that is less than the preset asks for."""
    preset, wanted = plan.preset, plan.wanted
    precision = "" if plan.precision == "float32" else " in bfloat16"
    folds = f", {plan.folds} trainings a trial (one a fold)" if plan.folds else ""
    words = f"Plan: {count(preset.epochs, 'epoch')} a training{precision}{folds}; {_describe_selection(preset)}"
    if (preset.top_k, preset.seeds) != (wanted.top_k, wanted.seeds):
        words += f" (the time is too short to retrain {_count_retrainings(wanted)})"
    return words


def describe_selection(event: SelectionBegun) -> str:
    """Who contends for the refit, and where the time is short."""
    if len(event.trials) * event.seeds == 1:
        why = ": the time is too short to retrain the best ones" if event.fewer else ""
        return f"Trial {event.trials[0]} has won{why}; checking whether mirrored pictures help it"
    numbers = ", ".join(str(number) for number in event.trials)
    trials = f"trial{'' if len(event.trials) == 1 else 's'} {numbers}"
    short = " (fewer than planned: the time is short)" if event.fewer else ""
    return (
        f"Retraining {trials} with {count(event.seeds, 'fresh seed')} to choose the winner{short}"
    )


def describe_ensemble(event: EnsembleChosen) -> str:
    """Who joins the winner, or why nobody does."""
    if not event.trials:
        return f"No ensemble: {event.note}"
    numbers = ", ".join(str(number) for number in event.trials)
    short = f" ({event.note})" if event.note else ""
    trials = "trial" if len(event.trials) == 1 else "trials"
    return f"Ensemble: {trials} {numbers} joined to the winner, and trained on train + validation{short}"


def _describe_selection(preset: Preset) -> str:
    if preset.top_k * preset.seeds == 1:
        return "the best one is refitted"
    seeds = "a fresh seed" if preset.seeds == 1 else f"{preset.seeds} fresh seeds"
    return f"the best {preset.top_k} are retrained with {seeds} before one is refitted"


def _count_retrainings(preset: Preset) -> str:
    return f"{preset.top_k}" + ("" if preset.seeds == 1 else f" with {preset.seeds} seeds each")


def describe_dataset(dataset: Dataset) -> list[str]:
    """What was read, how it was split, and what the checks found."""
    height, width, channels = dataset.task.image_shape
    colour = "grey" if channels == 1 else "colour"
    kept = sum(dataset.split_sizes)
    lines = [
        f"{kept:,} {colour} pictures of {height}x{width} in {dataset.task.num_classes} classes"
        + (" (decoded earlier)" if dataset.cached else ""),
        _describe_splits(dataset),
        f"Read by {dataset.adapter}: {plain(dataset.reason)}",
    ]
    rarest = min(dataset.task.class_counts)
    if dataset.folds and rarest < dataset.folds:
        name = dataset.task.class_names[dataset.task.class_counts.index(rarest)]
        lines.append(
            f"Warning: class {plain(name)!r} has {count(rarest, 'picture')} outside the test split, fewer than there"
            " are folds: some folds are scored without it"
        )
    if dataset.unreadable:
        lines.append(f"Left out: {count(dataset.unreadable, 'picture')} that cannot be read")
    return [*lines, *(plain(remark) for remark in dataset.remarks)]


def _point_to_issues(dataset: Dataset) -> list[str]:
    is_fine = not dataset.unreadable and not dataset.remarks
    return [] if is_fine else ["data/issues.csv says which, and why"]


def _describe_splits(dataset: Dataset) -> str:
    train, validation, test = dataset.split_sizes
    if dataset.folds:
        return f"{train:,} in {dataset.folds} folds, each scoring what the others train; {test:,} to test once"
    return f"{train:,} to train on, {validation:,} to select by, {test:,} to test once"


def describe_carried(carried: TrialsCarried) -> str:
    """What a run begins with: `"12 scores carried over from runs/one; its best 3 are trained again first"`."""
    origin = plain(carried.origin.name)
    if carried.what == "trials":
        return f"{len(carried.numbers)} trials carried over whole from {origin}: nothing a score depends on has changed"
    if carried.what == "scores":
        return (
            f"{len(carried.numbers)} scores carried over from {origin}, to tell where to look;"
            f" its best {carried.queued} are trained again first"
        )
    return f"Other pictures than {origin} had: the parameters of its {carried.queued} complete trials are tried first"


def describe_worker(ready: Ready) -> list[str]:
    """Where training happens, and what the user should know of it."""
    lines = [describe_device(ready)]
    return [*lines, f"Warning: {plain(ready.warning)}"] if ready.warning else lines


def describe_device(ready: Ready) -> str:
    """`"CPU, 2 threads, tensorflow 2.21.0"`, of several workers `"GPU 0: NVIDIA H200, tensorflow 2.21.0"`."""
    version = ready.versions.get(ready.backend, "")
    where = f"{ready.where}: " if ready.where else ""
    return plain(f"{where}{ready.device}, {ready.backend} {version}")


def describe_refit(number: int, epochs: int, planned: int) -> str:
    """What the refit is going to do."""
    if epochs == 0:
        return f"Too little time is left to refit trial {number}; its own weights are tested as they are"
    short = "" if epochs == planned else f" (of {planned} planned: the time is short)"
    return f"Refitting trial {number} on train + validation for {count(epochs, 'epoch')}{short}"


def describe_reading(progress: IngestProgress) -> str:
    """`"decoding: 512 of 2,000 pictures"`."""
    if progress.stage == "waiting":
        return "waiting for another process that decodes the same pictures"
    total = "" if progress.total is None else f" of {progress.total:,}"
    return f"{progress.stage}: {progress.done:,}{total} pictures"


def count(number: int, noun: str) -> str:
    """`"1 trial"`, `"2 trials"`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
