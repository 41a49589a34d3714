"""The files of one trial's folder, written by the worker and read by everyone else."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from imgcls_automl.errors import RunFolderError
from imgcls_automl.executors.results import MemberResult, RetrainResult, TrialResult
from imgcls_automl.files import flush_folder, read_json, write_json
from imgcls_automl.plugin import Augmentation, Candidate, ImageTask, Training
from imgcls_automl.text import describe_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imgcls_automl.executors.tasks import MemberTask, RetrainTask

logger = logging.getLogger(__name__)

Ending = TypeVar("Ending", RetrainResult, MemberResult)

CANDIDATE = "candidate.json"
RESULT = "result.json"
HISTORY = "history.csv"
WEIGHTS = "best.weights.h5"
CHECKPOINTS = ("checkpoint.npz", "checkpoint.previous.npz")  # the newest, and the one before it
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
    """Read a trial folder's candidate.json back.

    Raises:
        RunFolderError: It is damaged.
    """
    with _telling_damage(folder / CANDIDATE):
        return _make_candidate(read_json(folder / CANDIDATE))


def _make_candidate(values: dict[str, Any]) -> StoredCandidate:
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


def checkpoint_files(folder: Path) -> list[Path]:
    """Where a training that is under way is kept, to go on with should it be killed: the newest first."""
    return [folder / name for name in CHECKPOINTS]


def has_checkpoint(folder: Path) -> bool:
    """Whether a training was killed after a checkpoint of it had been written."""
    return any(path.is_file() for path in checkpoint_files(folder))


def drop_checkpoints(folder: Path) -> None:
    """Remove a training's checkpoints, half-written ones too: it has ended."""
    for path in (*checkpoint_files(folder), *folder.glob(".writing-*.npz")):
        path.unlink(missing_ok=True)


def write_result(folder: Path, result: TrialResult) -> None:
    """Write result.json; with it the trial has ended, also one whose worker died, and needs no checkpoint any more."""
    write_json(folder / RESULT, {"schema_version": SCHEMA_VERSION, **asdict(result)})
    flush_folder(folder)  # the study is told next, and outlives a power cut
    drop_checkpoints(folder)


def read_result(folder: Path) -> TrialResult | None:
    """Read result.json; None where the trial has not ended.

    Raises:
        RunFolderError: It is damaged.
    """
    if not (folder / RESULT).is_file():
        return None
    with _telling_damage(folder / RESULT):
        values = read_json(folder / RESULT)
        values.pop("schema_version")
        return TrialResult(**{**values, "fold_scores": tuple(values.get("fold_scores", ()))})


@contextmanager
def _telling_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunFolderError(
            f"{path} is damaged: {describe_error(error)}.\n"
            "Restore it from a copy, or carry the other trials over to a new run: imgcls-automl resume RUN --fork"
        ) from error


def opinion_file(trial_folder: Path, seed: int | None) -> Path:
    """What a retraining by this seed said of the pictures held out from it; None for the trial's kept weights."""
    return trial_folder / f"validation-{'kept' if seed is None else seed}.npz"


def write_ending(task: RetrainTask | MemberTask, result: RetrainResult | MemberResult) -> None:
    """Write how a training after the search ended into its folder's result.json."""
    values = {"schema_version": SCHEMA_VERSION, **_plan_of(task), **asdict(result)}
    write_json(task.folder / RESULT, values)
    flush_folder(task.folder)


def read_retraining(task: RetrainTask) -> RetrainResult | None:
    """Read how a retraining ended; None where it has to be done: it has not ended, or was planned otherwise."""
    return _read_ending(task, RetrainResult)


def read_member(task: MemberTask) -> MemberResult | None:
    """The same of the training of an ensemble's member."""
    return _read_ending(task, MemberResult)


def _read_ending(task: RetrainTask | MemberTask, kind: type[Ending]) -> Ending | None:
    if not (task.folder / RESULT).is_file():
        return None
    try:
        values = read_json(task.folder / RESULT)
        values.pop("schema_version")
        plan = {name: values.pop(name) for name in _plan_of(task)}
        result = kind(**values)
    except (ValueError, LookupError, TypeError) as error:
        logger.warning("%s cannot be read, and is made again: %s", task.folder / RESULT, error)
        return None
    return result if (plan, result.seed) == (_plan_of(task), task.seed) else None


def _plan_of(task: RetrainTask | MemberTask) -> dict[str, Any]:
    return {"planned_epochs": task.epochs, "precision": task.precision}
