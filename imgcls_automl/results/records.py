"""A run folder read back: what was asked and what became of every trial, also while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.documents import damaged, read_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from imgcls_automl.plugin import Scalar

# In the order of a leaderboard. The last two have no result yet: the run goes on, or it does not.
STATES = ("complete", "pruned", "failed", "infeasible", "running", "interrupted")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """One trial folder.

    Attributes:
        number: Its number in the study, from 0.
        state: One of `STATES`.
        score: The selection metric at the kept epoch; None where there is none.
        epoch: The kept epoch, from 1.
        epochs: How many were trained.
        planned_epochs: How many were to be trained.
        seconds: What it took.
        parameters: Weights of the model.
        cause: Why it failed or was cut short, in a few words.
        detail: The same at length.
        metrics: Validation metrics at the kept epoch.
        params: What Optuna drew, by parameter name.
        model: What the space's `build` got.
        training: How it was trained, flat: `"augmentation.rotation"`.
        baseline: Whether it is one of the space's own proposals.
        folder: Where it lies.
    """

    number: int
    state: str
    score: float | None
    epoch: int | None
    epochs: int
    planned_epochs: int | None
    seconds: float | None
    parameters: int | None
    cause: str | None
    detail: str | None
    metrics: Mapping[str, float]
    params: Mapping[str, Scalar]
    model: Mapping[str, Scalar]
    training: Mapping[str, Scalar]
    baseline: bool
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """The data of a run.

    Attributes:
        fingerprint: Names the content.
        class_names: In the order of the labels.
        class_counts: Training pictures per class.
        image_shape: (height, width, channels).
        split_sizes: Pictures in train, validation and test.
    """

    fingerprint: str
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    image_shape: tuple[int, ...]
    split_sizes: tuple[int, ...]


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
        config: The resolved configuration.
        seed: Of splits, sampler and weights.
        versions: Of Python and the libraries, by name.
        plugins: By role: `"space"`, `"adapter"`.
        dataset: None until the pictures have been read.
        timings: Seconds by stage.
        best_trial: The winner's number; None until it is chosen.
        refit: Epochs and seconds of the final training.
        trials: By number.
    """

    folder: Path
    status: str
    started: str
    config: Mapping[str, Any]
    seed: int | None
    versions: Mapping[str, str]
    plugins: Mapping[str, PluginRecord]
    dataset: DatasetRecord | None
    timings: Mapping[str, float]
    best_trial: int | None
    refit: Mapping[str, float]
    trials: tuple[TrialRecord, ...]

    @property
    def metric(self) -> str:
        """The selection metric."""
        return str(self.config.get("metric", "accuracy"))

    @property
    def space(self) -> str:
        return (
            self.plugins["space"].name
            if "space" in self.plugins
            else str(self.config.get("space", ""))
        )

    @property
    def winner(self) -> TrialRecord | None:
        """The trial that the final model comes from."""
        return next((trial for trial in self.trials if trial.number == self.best_trial), None)


def lower_is_better(metric: str) -> bool:
    return metric.endswith("loss")


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
        return RunRecord(
            folder=folder,
            status=status,
            started=str(run.get("started") or ""),
            config=dict(run["config"]),
            seed=run.get("seed"),
            versions=dict(run.get("versions") or {}),
            plugins={
                role: PluginRecord(
                    name=str(it["name"]), origin=str(it["origin"]), value=str(it["value"])
                )
                for role, it in (run.get("plugins") or {}).items()
                if it
            },
            dataset=_make_dataset(run["dataset"]) if run.get("dataset") else None,
            timings={
                stage: float(seconds) for stage, seconds in (run.get("timings") or {}).items()
            },
            best_trial=run.get("best_trial"),
            refit=dict(run.get("refit") or {}),
            trials=tuple(_read_trials(folder / "trials", status)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"a field is missing or of the wrong kind ({error})") from error


def _read_trials(folder: Path, status: str) -> Iterator[TrialRecord]:
    if not folder.is_dir():
        return
    names = [path.name for path in folder.iterdir() if path.name.isdecimal()]
    for name in sorted(names, key=int):
        yield _read_trial(folder / name, "running" if status == "running" else "interrupted")


def _read_trial(folder: Path, unfinished: str) -> TrialRecord:
    path = folder / "result.json"
    finished = path.is_file()
    result = read_object(path) if finished else {}
    candidate = _read_candidate(folder / "candidate.json", may_be_torn=not finished)
    try:
        score = result.get("score")
        return TrialRecord(
            number=int(folder.name),
            state=_check_state(result["state"]) if finished else unfinished,
            score=None if score is None else float(score),
            epoch=result.get("epoch"),
            epochs=int(result.get("epochs") or 0),
            planned_epochs=result.get("planned_epochs"),
            seconds=result.get("seconds"),
            parameters=result.get("parameters"),
            cause=result.get("cause"),
            detail=result.get("detail"),
            metrics=dict(result.get("metrics") or {}),
            params=dict(candidate.get("params") or {}),
            model=dict(candidate.get("model") or {}),
            training=_flatten(candidate.get("training") or {}),
            baseline=bool(candidate.get("baseline")),
            folder=folder,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"a field is missing or of the wrong kind ({error})") from error


def _read_candidate(path: Path, *, may_be_torn: bool) -> dict[str, Any]:
    # A trial that failed while its candidate was drawn has none.
    if not path.is_file():
        return {}
    try:
        return read_object(path)
    except RunFolderError:
        if may_be_torn:
            return {}
        raise


def _make_dataset(value: Mapping[str, Any]) -> DatasetRecord:
    return DatasetRecord(
        fingerprint=str(value["fingerprint"]),
        class_names=tuple(str(name) for name in value["class_names"]),
        class_counts=tuple(int(count) for count in value["class_counts"]),
        image_shape=tuple(int(side) for side in value["image_shape"]),
        split_sizes=tuple(int(size) for size in value["split_sizes"]),
    )


def _flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            flat.update(_flatten(item, f"{prefix}{key}."))
        else:
            flat[prefix + key] = item
    return flat


def _check_state(state: object) -> str:
    if state not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}, but is {state!r}")
    return str(state)
