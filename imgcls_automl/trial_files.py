"""The files of one trial's folder, written by the worker and read by everyone else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.executors.results import TrialResult
from imgcls_automl.files import read_json, write_json
from imgcls_automl.plugin import Augmentation, Candidate, ImageTask, Training

if TYPE_CHECKING:
    from pathlib import Path

CANDIDATE = "candidate.json"
RESULT = "result.json"
HISTORY = "history.csv"
WEIGHTS = "best.weights.h5"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCandidate:
    """A trial's candidate with all that rebuilding it takes.

    Attributes:
        number: The trial's number.
        params: What the study drew, by name.
        baseline: Whether the point came from the space itself.
        candidate: What `suggest` made of it.
        task: The data it was made for.
        drawn_batch_size: That of the draw, where memory was too short for it and `candidate` has a smaller one.
    """

    number: int
    params: dict[str, Any]
    baseline: bool
    candidate: Candidate
    task: ImageTask
    drawn_batch_size: int | None = None


def write_candidate(folder: Path, stored: StoredCandidate) -> None:
    """Write a trial folder's candidate.json."""
    values = {
        "schema_version": SCHEMA_VERSION,
        "number": stored.number,
        "baseline": stored.baseline,
        "params": stored.params,
        "model": dict(stored.candidate.model),
        "training": asdict(stored.candidate.training),
        "task": asdict(stored.task),
    }
    if stored.drawn_batch_size is not None:
        values["drawn_batch_size"] = stored.drawn_batch_size
    write_json(folder / CANDIDATE, values)


def read_candidate(folder: Path) -> StoredCandidate:
    """Read a trial folder's candidate.json back."""
    values = read_json(folder / CANDIDATE)
    training, task = values["training"], values["task"]
    augmentation = Augmentation(**training.pop("augmentation"))
    return StoredCandidate(
        number=values["number"],
        params=values["params"],
        baseline=values["baseline"],
        candidate=Candidate(
            model=values["model"], training=Training(**training, augmentation=augmentation)
        ),
        task=ImageTask(
            image_shape=tuple(task["image_shape"]),
            class_names=tuple(task["class_names"]),
            class_counts=tuple(task["class_counts"]),
        ),
        drawn_batch_size=values.get("drawn_batch_size"),
    )


def weights_file(folder: Path, fold: int | None) -> Path:
    """Where a training's weights are kept; `fold` counts from 1 and is None where there are none."""
    return folder / (WEIGHTS if fold is None else f"fold-{fold}.weights.h5")


def drop_weights(folder: Path) -> None:
    """Remove a trial's kept weights, of all its folds."""
    for path in folder.glob("*.weights.h5"):
        path.unlink(missing_ok=True)


def write_result(folder: Path, result: TrialResult) -> None:
    """Write result.json."""
    write_json(folder / RESULT, {"schema_version": SCHEMA_VERSION, **asdict(result)})


def read_result(folder: Path) -> TrialResult | None:
    """Read result.json; None where the trial has not ended."""
    if not (folder / RESULT).is_file():
        return None
    values = read_json(folder / RESULT)
    values.pop("schema_version")
    return TrialResult(**{**values, "fold_scores": tuple(values.get("fold_scores", ()))})
