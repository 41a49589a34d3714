"""A run folder read back: what was asked and what became of every trial, also while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.documents import damaged, read_object
from imgcls_automl.results.fields import (
    take_all,
    take_config,
    take_number,
    take_numbers,
    take_object,
    take_whole,
    take_wholes,
)
from imgcls_automl.results.final_model import make_final_model
from imgcls_automl.results.selection_record import make_selection
from imgcls_automl.results.trial_record import read_trials

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imgcls_automl.results.final_model import FinalModelRecord
    from imgcls_automl.results.selection_record import SelectionRecord
    from imgcls_automl.results.trial_record import TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """The data of a run.

    Attributes:
        fingerprint: Names the content.
        class_names: In the order of the labels.
        class_counts: Training pictures per class.
        image_shape: (height, width, channels).
        split_sizes: Pictures in train, validation and test.
        floor: What knowing the classes' frequencies alone scores on validation, by selection metric.
    """

    fingerprint: str
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    image_shape: tuple[int, ...]
    split_sizes: tuple[int, ...]
    floor: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRecord:
    """A plugin of a run; origin is its package and version."""

    name: str
    origin: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run folder.

    Attributes:
        folder: Where it lies.
        status: `"running"` (or killed), `"complete"`, `"interrupted"` or `"failed"`.
        started: UTC, ISO 8601.
        started_in: The working folder, which relative sources are to be found from; empty in runs of older versions.
        config: The resolved configuration.
        seed: Of splits, sampler and weights.
        versions: Of Python and the libraries, by name.
        plugins: By role: `"space"`, `"adapter"`.
        dataset: None until the pictures have been read.
        timings: Seconds by stage.
        plan: `"epochs"` of a training, `"top_k"` candidates to be retrained, `"seeds"` each; empty until it is made.
        precision: Keras dtype policy of all trainings; empty until the plan is made.
        selection: How the winner was chosen; None until it is.
        best_trial: The winner's number; None until its model is tested.
        refit: `"epochs"` and `"seconds"` of the final training, `"planned_epochs"`, and whether it was `"shortened"`;
            empty until it is done.
        trials: By number.
        final_model: What it is made of; None until it is tested, and of runs of older versions.
    """

    folder: Path
    status: str
    started: str
    started_in: str
    config: Mapping[str, Any]
    seed: int | None
    versions: Mapping[str, str]
    plugins: Mapping[str, PluginRecord]
    dataset: DatasetRecord | None
    timings: Mapping[str, float]
    plan: Mapping[str, int]
    precision: str
    selection: SelectionRecord | None
    best_trial: int | None
    refit: Mapping[str, float]
    trials: tuple[TrialRecord, ...]
    final_model: FinalModelRecord | None = None

    @property
    def metric(self) -> str:
        """The selection metric."""
        return str(self.config.get("metric", "accuracy"))

    @property
    def data(self) -> str:
        """The sources as one text; empty where the record names none."""
        named = self.config.get("data", "")
        return ", ".join(map(str, named)) if isinstance(named, list) else str(named)

    @property
    def folds(self) -> int | None:
        """How many folds score a trial; None where a validation split does."""
        folds = self.config.get("folds")
        return None if folds is None else int(folds)

    @property
    def space(self) -> str:
        return (
            self.plugins["space"].name
            if "space" in self.plugins
            else str(self.config.get("space", ""))
        )

    @property
    def floor(self) -> float | None:
        """The majority floor of the selection metric; None until the pictures have been read."""
        return self.dataset.floor.get(self.metric) if self.dataset else None

    @property
    def winner(self) -> TrialRecord | None:
        """The trial that the final model comes from."""
        return next((trial for trial in self.trials if trial.number == self.best_trial), None)


def read_run(folder: Path) -> RunRecord:
    """Read a run folder: finished, interrupted, killed, or being written at this moment.

    Raises:
        RunFolderError: It is no run folder, a file of it is damaged, or a newer version wrote it.
    """
    path = folder / "run.json"
    if not path.is_file():
        missing = "it has no run.json" if folder.is_dir() else "there is no such folder"
        raise RunFolderError(
            f"{folder} is no run folder: {missing}.\n"
            "Name the folder that a search printed at its end."
        )
    run = read_object(path)
    status = str(run.get("status"))
    try:
        config = take_config(run)
        return RunRecord(
            folder=folder,
            status=status,
            started=str(run.get("started") or ""),
            started_in=str(run.get("started_in") or ""),
            config=config,
            seed=take_whole(run, "seed"),
            versions={name: str(it) for name, it in take_object(run, "versions").items()},
            plugins={
                role: PluginRecord(
                    name=str(it["name"]), origin=str(it["origin"]), value=str(it["value"])
                )
                for role, it in take_object(run, "plugins").items()
                if it
            },
            dataset=_make_dataset(run["dataset"]) if run.get("dataset") else None,
            timings=take_numbers(run, "timings"),
            plan=take_all(run, "plan", ("epochs", "top_k", "seeds")),
            precision=str(take_object(run, "plan").get("precision", "")),
            final_model=make_final_model(run["final_model"]) if run.get("final_model") else None,
            selection=make_selection(run["selection"]) if run.get("selection") else None,
            best_trial=take_whole(run, "best_trial"),
            refit=_make_refit(run),
            trials=tuple(read_trials(folder / "trials", status)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"a field is missing or of the wrong kind ({error})") from error


def _make_refit(run: Mapping[str, Any]) -> dict[str, float]:
    refit = take_object(run, "refit")
    if not refit:
        return {}
    made: dict[str, float] = {**take_all(run, "refit", ("epochs",))}
    seconds, planned = take_number(refit, "seconds"), take_whole(refit, "planned_epochs")
    if seconds is None:
        raise ValueError("refit has no seconds")
    made |= {"seconds": seconds, "shortened": bool(refit.get("shortened"))}
    return made if planned is None else {**made, "planned_epochs": planned}


def _make_dataset(value: Mapping[str, Any]) -> DatasetRecord:
    class_names = tuple(str(name) for name in value["class_names"])
    return DatasetRecord(
        fingerprint=str(value["fingerprint"]),
        class_names=class_names,
        class_counts=take_wholes(value, "class_counts", len(class_names)),
        image_shape=take_wholes(value, "image_shape", 3),
        split_sizes=take_wholes(value, "split_sizes", 3),
        floor=take_numbers(value, "floor"),
    )
