"""Candidates that are listed rather than drawn, so that every system trains exactly the same ones."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Augmentation, Candidate, Training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import optuna

    from imgcls_automl.plugin import ImageTask

_SMALL = {"kernel_size": 3, "batch_norm": True, "dense_units": 64, "dense_dropout": 0.3}
_BLOCKS = {"dropout_1": 0.1, "dropout_2": 0.1, "dropout_3": 0.2}
ARCHITECTURES: tuple[dict[str, Any], ...] = (
    {**_SMALL, **_BLOCKS, "blocks": 3, "filters_1": 32, "filters_2": 64, "filters_3": 128},
    {**_SMALL, **_BLOCKS, "blocks": 2, "filters_1": 32, "filters_2": 64, "dense_units": 128},
    {**_SMALL, **_BLOCKS, "blocks": 2, "filters_1": 16, "filters_2": 32, "batch_norm": False},
    {**_SMALL, **_BLOCKS, "blocks": 3, "filters_1": 16, "filters_2": 48, "filters_3": 64},
)


def list_candidates(count: int, *, batch_size: int = 128) -> list[Candidate]:
    """Candidates over four architectures in turn; those of one differ in rates, decay, dropout and smoothing."""
    return [
        _vary(ARCHITECTURES[number % len(ARCHITECTURES)], number // len(ARCHITECTURES), batch_size)
        for number in range(count)
    ]


def _vary(model: dict[str, Any], version: int, batch_size: int) -> Candidate:
    return Candidate(
        model={**model, "dense_dropout": round(0.2 + 0.05 * version, 2)},
        training=Training(
            batch_size=batch_size,
            learning_rate=round(2e-3 * 1.25**version, 6),
            weight_decay=round(5e-3 * 1.5**version, 6),
            label_smoothing=round(0.02 * (version + 1), 2),
            augmentation=Augmentation(horizontal_flip=True),
        ),
    )


def write_candidates(path: Path, candidates: Sequence[Candidate]) -> str:
    """Write a list of candidates; returns the path as text."""
    values = [
        {"model": dict(candidate.model), "training": asdict(candidate.training)}
        for candidate in candidates
    ]
    path.write_text(json.dumps(values), encoding="utf-8")
    return str(path)


def read_candidates(path: str) -> list[Candidate]:
    """Read back what `write_candidates` wrote."""
    return [read_candidate(values) for values in json.loads(Path(path).read_text(encoding="utf-8"))]


def read_candidate(values: dict[str, Any]) -> Candidate:
    training = dict(values["training"])
    augmentation = Augmentation(**training.pop("augmentation"))
    return Candidate(
        model=values["model"], training=Training(**training, augmentation=augmentation)
    )


class ListedCandidates:
    """A search space of the candidates in a file: one parameter, its number; networks are those of cnn_small.

    Args:
        file: Written by `write_candidates`.
    """

    def __init__(self, file: str) -> None:
        self._candidates = read_candidates(file)

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        return self._candidates[trial.suggest_int("candidate", 0, len(self._candidates) - 1)]

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        from imgcls_search_spaces.cnn_small import CnnSmall

        return CnnSmall().build(model, task)

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        return [{"candidate": number} for number in range(len(self._candidates))]
