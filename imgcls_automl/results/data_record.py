"""What a run folder tells of its pictures: data/summary.json read back for the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.results.documents import damaged, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_UNREADABLE = ("unreadable", "reported")  # by the decoder, by the adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSize:
    """A class and its pictures by split."""

    name: str
    train: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRecord:
    """What was read and what the checks found.

    Attributes:
        pictures: That could be read.
        unreadable: That could not, and were left out.
        left_out: That could, but have an exact copy in a later split.
        classes: In the order of the labels.
        effective_classes: How many equally large classes would be as hard to guess.
        problems: (name, how many) of the problems that issues.csv lists.
        remarks: What matters most, a sentence each.
    """

    pictures: int
    unreadable: int
    left_out: int
    classes: tuple[ClassSize, ...]
    effective_classes: float
    problems: tuple[tuple[str, int], ...]
    remarks: tuple[str, ...]


def read_data_record(folder: Path) -> DataRecord | None:
    """Read the summary in a run folder; None where the pictures have not been read yet, or not been checked.

    Raises:
        RunFolderError: It is damaged.
    """
    path = folder / "data/summary.json"
    if not path.is_file():
        return None
    summary = read_object(path)
    if "checks" not in summary:  # written before there were any
        return None
    try:
        return _make_record(summary)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"a field is missing or of the wrong kind ({error})") from error


def _make_record(summary: Mapping[str, Any]) -> DataRecord:
    checks = summary["checks"]
    return DataRecord(
        pictures=int(summary["pictures"]),
        unreadable=int(summary["unreadable"]),
        left_out=int(summary["left_out"]),
        classes=tuple(
            ClassSize(
                name=str(it["name"]),
                train=int(it["train"]),
                validation=int(it["validation"]),
                test=int(it["test"]),
            )
            for it in summary["classes"]
        ),
        effective_classes=float(checks["balance"]["effective_classes"]),
        problems=tuple(
            (name.replace("_", " "), int(count))
            for name, count in {**_found_in_reading(summary), **checks["issues"]}.items()
            if count
        ),
        remarks=tuple(str(remark) for remark in checks["remarks"]),
    )


def _found_in_reading(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What was noted of pictures that could be read; the others are counted as unreadable."""
    return {name: it for name, it in summary["issues"].items() if name not in _UNREADABLE}
