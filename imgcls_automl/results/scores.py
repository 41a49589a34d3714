"""What a finished run says of its winner on the test split, read back from best/."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imgcls_automl.results.documents import damaged, read_object
from imgcls_automl.results.final_model import MAIN_METRICS
from imgcls_automl.results.suspects import read_suspects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imgcls_automl.results.suspects import Suspect

# Of metrics.json: not one estimate each, whatever a class or a group may be called.
BREAKDOWNS = ("classes", "groups")
# Of each group, as far as they are shown; metrics.json has more of them, and of older runs fewer.
GROUP_METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss")
# Of a model it is compared with, one estimate a metric.
_OTHERS = ("single", "uncalibrated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A metric and its 95% interval; NaN where nothing could be measured."""

    value: float
    low: float
    high: float


UNKNOWN = Estimate(value=math.nan, low=math.nan, high=math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """One class: pictures in the test split, and how well they were told from the others."""

    name: str
    support: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """One group of the data, such as a patient: its test pictures, and how well they were told.

    Averages over classes are unknown where its pictures are of one class, and all but accuracy in older runs.
    """

    name: str
    support: int
    accuracy: Estimate
    balanced_accuracy: Estimate = UNKNOWN
    macro_f1: Estimate = UNKNOWN
    log_loss: Estimate = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class TestScores:
    """best/metrics.json, best/confusion_matrix.csv and best/suspicious_labels.csv.

    Attributes:
        metrics: Estimates by metric.
        classes: In label order.
        groups: The worst first; empty where the data has none.
        confusion: Counts, rows the true class, columns the predicted one; may be empty.
        others: The main metrics of models that this one is compared with, by name.
        suspects: Pictures of test and validation whose label looks wrong, the clearest first.
    """

    metrics: Mapping[str, Estimate]
    classes: tuple[ClassScore, ...]
    groups: tuple[GroupScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    suspects: tuple[Suspect, ...]
    others: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)

    @property
    def pictures(self) -> int:
        """The size of the test split."""
        return sum(item.support for item in self.classes)


def read_scores(folder: Path) -> TestScores | None:
    """Read the test scores of a run folder; None while there are none.

    Raises:
        RunFolderError: A file is damaged or was written by a newer version.
    """
    best = folder / "best"
    return read_measured(best) if (best / "metrics.json").is_file() else None


def read_measured(folder: Path) -> TestScores:
    """Read metrics.json and what lies beside it, of best/ or of an evaluation.

    Raises:
        RunFolderError: A file is damaged or was written by a newer version.
    """
    path = folder / "metrics.json"
    values = read_object(path)
    try:
        return TestScores(
            metrics=_list_metrics(values),
            classes=tuple(
                ClassScore(
                    name=name,
                    support=int(item["support"]),
                    precision=make_estimate(item["precision"]),
                    recall=make_estimate(item["recall"]),
                    f1=make_estimate(item["f1"]),
                )
                for name, item in values["classes"].items()
            ),
            groups=list_groups(values.get("groups") or {}),
            confusion=_read_confusion(folder / "confusion_matrix.csv"),
            suspects=read_suspects(folder),
            others=_list_others(values),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"a field is missing or of the wrong kind ({error})") from error


def _list_metrics(values: Mapping[str, Any]) -> dict[str, Estimate]:
    metrics = {
        name: make_estimate(value)
        for name, value in values.items()
        if name not in BREAKDOWNS and isinstance(value, dict) and "value" in value
    }
    if "accuracy" not in metrics:  # every page and text begins with it
        raise KeyError("accuracy")
    return metrics


def _list_others(values: Mapping[str, Any]) -> dict[str, dict[str, Estimate]]:
    others = {
        name: {metric: make_estimate(values[name][metric]) for metric in MAIN_METRICS}
        for name in _OTHERS
        if name in values
    }
    if others:  # the final model's own are shown beside them
        for metric in MAIN_METRICS:
            make_estimate(values[metric])
    return others


def list_groups(values: Mapping[str, Any]) -> tuple[GroupScore, ...]:
    """Read the groups as metrics.json has them, the worst accuracy first."""
    groups = [
        GroupScore(
            name=name,
            support=int(item["support"]),
            **{metric: make_estimate(item[metric]) for metric in GROUP_METRICS if metric in item},
        )
        for name, item in values.items()
    ]
    # Of equally bad ones, that with the more pictures tells more.
    return tuple(sorted(groups, key=lambda it: (it.accuracy.value, -it.support, it.name)))


def make_estimate(value: Mapping[str, Any]) -> Estimate:
    """Read {value, low, high} as metrics.json has it."""
    numbers = [
        math.nan if value[part] is None else float(value[part]) for part in ("value", "low", "high")
    ]
    return Estimate(value=numbers[0], low=numbers[1], high=numbers[2])


def _read_confusion(path: Path) -> tuple[tuple[int, ...], ...]:
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    try:
        return tuple(tuple(int(cell) for cell in row[1:]) for row in rows[1:])
    except ValueError as error:
        raise damaged(path, f"a cell holds no count ({error})") from error
