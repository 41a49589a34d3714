"""One trial of a run read back from its folder, whatever became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import RunFolderError
from imgcls_automl.results.documents import damaged, read_object
from imgcls_automl.results.fields import (
    take_number,
    take_numbers,
    take_object,
    take_text,
    take_whole,
)

BYTES_OF_A_WEIGHT = 4  # float32, in which Keras keeps weights under every policy of ours

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
        score: The selection metric at the kept epoch, with folds the mean of theirs; None where there is none.
        epoch: The kept epoch, from 1; None with folds, which keep one each.
        epochs: How many were trained.
        planned_epochs: How many were to be trained.
        seconds: What it took.
        parameters: Weights of the model.
        flops: Operations of one picture's forward pass.
        latency_ms: Of one picture alone; None where it was not measured.
        cause: Why it failed or was cut short, in a few words.
        detail: The same at length.
        metrics: Validation metrics at the kept epoch, with folds the means of theirs.
        fold_scores: Of the folds that were trained; empty without folds.
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
    flops: int | None
    latency_ms: float | None
    cause: str | None
    detail: str | None
    metrics: Mapping[str, float]
    fold_scores: tuple[float, ...]
    params: Mapping[str, Scalar]
    model: Mapping[str, Scalar]
    training: Mapping[str, Scalar]
    baseline: bool
    folder: Path

    @property
    def size_bytes(self) -> int | None:
        """What its weights take in float32, as a file holds them; None where they were not counted."""
        return None if self.parameters is None else BYTES_OF_A_WEIGHT * self.parameters


def read_trials(folder: Path, status: str) -> Iterator[TrialRecord]:
    """Read all trials of a run's `trials/` folder, by number; `status` is the run's.

    Raises:
        RunFolderError: A file is damaged.
    """
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
        return TrialRecord(
            number=int(folder.name),
            state=_check_state(result["state"]) if finished else unfinished,
            score=take_number(result, "score"),
            epoch=take_whole(result, "epoch"),
            epochs=take_whole(result, "epochs") or 0,
            planned_epochs=take_whole(result, "planned_epochs"),
            seconds=take_number(result, "seconds"),
            parameters=take_whole(result, "parameters"),
            flops=take_whole(result, "flops"),
            latency_ms=take_number(result, "latency_ms"),
            cause=take_text(result, "cause"),
            detail=take_text(result, "detail"),
            metrics=take_numbers(result, "metrics"),
            fold_scores=tuple(float(it) for it in result.get("fold_scores") or ()),
            params=candidate["params"],
            model=candidate["model"],
            training=candidate["training"],
            baseline=candidate["baseline"],
            folder=folder,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"a field is missing or of the wrong kind ({error})") from error


def _read_candidate(path: Path, *, may_be_torn: bool) -> dict[str, Any]:
    """What was drawn, each part flat; all empty where there is no candidate."""
    candidate: dict[str, Any] = {}
    # A trial that failed while its candidate was drawn has none.
    if path.is_file():
        try:
            candidate = read_object(path)
        except RunFolderError:
            if not may_be_torn:
                raise
    try:
        parts = {
            name: _flatten(take_object(candidate, name)) for name in ("params", "model", "training")
        }
    except ValueError as error:
        raise damaged(path, f"a field is of the wrong kind ({error})") from error
    return {**parts, "baseline": bool(candidate.get("baseline"))}


def _flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            flat.update(_flatten(item, f"{prefix}{key}."))
        elif isinstance(item, bool | int | float | str):
            flat[prefix + key] = item
        elif item is not None:
            raise ValueError(f"{prefix}{key} must be one value, but is {repr(item)[:60]}")
    return flat


def _check_state(state: object) -> str:
    if state not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}, but is {state!r}")
    return str(state)
