"""What the report tells of mistakes on the test split: the matrix, its cells' pictures, the pairs, the classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.results.figures import name_metric
from imgcls_automl.results.report_album import MAX_ID
from imgcls_automl.text import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.report_album import Album, Picture
    from imgcls_automl.results.scores import ClassScore, GroupScore, TestScores
    from imgcls_automl.results.suspects import Suspect

MAX_MATRIX_CLASSES = 30  # above it, only those that are confused most are in the matrix
SHOWN_OF_MANY = 20
MAX_PAIRS = 10
MAX_CLASSES = 100  # of a table with a line a class
MAX_GROUPS = 20  # the worst
MAX_SUSPECTS = 24  # the clearest


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusedPair:
    """How many pictures of one class were taken for another; `share` of that class, `cell` of the matrix."""

    true: str
    predicted: str
    count: int
    share: float
    cell: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of the matrix: `link` names its pictures, empty where none are kept."""

    count: int
    share: float
    shade: float
    right: bool
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """A true class and what its pictures were taken for."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """The pictures behind a cell."""

    link: str
    true: str
    predicted: str
    count: int
    pictures: tuple[Picture, ...]

    @property
    def is_right(self) -> bool:
        return self.true == self.predicted


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSuspect:
    """A doubted label, and its picture where it is kept."""

    suspect: Suspect
    name: str
    picture: Picture | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """All that the section of errors draws.

    Attributes:
        averages: (metric, value, interval) as texts.
        matrix: Rows of the classes that are shown.
        hidden: Classes that the matrix leaves out.
        galleries: Of the cells that have pictures.
        pairs: The most confused, the most frequent first.
        classes: Those of the table.
        classes_left_out: How many are not in it.
        groups: The worst.
        groups_left_out: How many more there are.
        suspects: The clearest.
        suspects_left_out: How many more there are.
        wrong: Test pictures that were told wrong.
    """

    averages: tuple[tuple[str, str, str], ...]
    matrix: tuple[MatrixRow, ...]
    hidden: int
    galleries: tuple[Gallery, ...]
    pairs: tuple[ConfusedPair, ...]
    classes: tuple[ClassScore, ...]
    classes_left_out: int
    groups: tuple[GroupScore, ...]
    groups_left_out: int
    suspects: tuple[ShownSuspect, ...]
    suspects_left_out: int
    wrong: int


def collect_errors(scores: TestScores, album: Album | None) -> Errors:
    """Bring a run's test scores and its kept pictures together."""
    names = [item.name for item in scores.classes]
    shown = _choose_classes(scores.confusion, len(names))
    pairs = list_confused_pairs(scores.confusion, names)
    cells = dict(album.cells) if album else {}
    in_matrix = {(row, column) for row in shown for column in shown}
    linked = [*in_matrix, *(pair.cell for pair in pairs if pair.cell not in in_matrix)]
    weakest = sorted(scores.classes, key=_rate_class)
    classes = scores.classes if len(names) <= MAX_CLASSES else weakest[:MAX_CLASSES]
    return Errors(
        averages=tuple(
            (name_metric(name), f"{it.value:.4f}", f"{it.low:.4f} to {it.high:.4f}")
            for name, it in scores.metrics.items()
        ),
        matrix=tuple(_make_row(scores.confusion, names, row, shown, cells) for row in shown),
        hidden=len(names) - len(shown) if scores.confusion else 0,
        galleries=tuple(
            _make_gallery(cell, scores.confusion, names, cells[cell])
            for cell in sorted(linked)
            if cell in cells
        ),
        pairs=tuple(pairs),
        classes=tuple(classes),
        classes_left_out=len(names) - len(classes),
        groups=scores.groups[:MAX_GROUPS],
        groups_left_out=max(0, len(scores.groups) - MAX_GROUPS),
        suspects=tuple(_show_suspect(it, album) for it in scores.suspects[:MAX_SUSPECTS]),
        suspects_left_out=max(0, len(scores.suspects) - MAX_SUSPECTS),
        wrong=sum(
            count
            for row, counts in enumerate(scores.confusion)
            for column, count in enumerate(counts)
            if row != column
        ),
    )


def list_confused_pairs(
    confusion: Sequence[Sequence[int]], class_names: Sequence[str]
) -> list[ConfusedPair]:
    """List the pairs of classes that are confused most, the most frequent first."""
    pairs = [
        ConfusedPair(
            true=class_names[row],
            predicted=class_names[column],
            count=count,
            share=count / sum(counts),
            cell=(row, column),
        )
        for row, counts in enumerate(confusion)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    return sorted(pairs, key=lambda pair: (-pair.count, -pair.share))[:MAX_PAIRS]


def name_link(cell: tuple[int, int]) -> str:
    """What a cell's gallery is called on the page: by numbers, never by the classes' names."""
    return f"cell-{cell[0]}-{cell[1]}"


def _choose_classes(confusion: Sequence[Sequence[int]], classes: int) -> list[int]:
    """The classes of the matrix, in label order: all, or those in most mistakes."""
    if not confusion:
        return []
    if classes <= MAX_MATRIX_CLASSES:
        return list(range(classes))
    mistakes = [0] * classes
    for row, counts in enumerate(confusion):
        for column, count in enumerate(counts):
            if row != column:
                mistakes[row] += count
                mistakes[column] += count
    return sorted(sorted(range(classes), key=lambda it: -mistakes[it])[:SHOWN_OF_MANY])


def _make_row(
    confusion: Sequence[Sequence[int]],
    names: Sequence[str],
    row: int,
    shown: Sequence[int],
    cells: dict[tuple[int, int], tuple[Picture, ...]],
) -> MatrixRow:
    total = max(sum(confusion[row]), 1)
    return MatrixRow(
        name=names[row],
        cells=tuple(
            Cell(
                count=confusion[row][column],
                share=confusion[row][column] / total,
                # The root lets rare mistakes be seen.
                shade=math.sqrt(confusion[row][column] / total),
                right=row == column,
                link=name_link((row, column)) if (row, column) in cells else "",
            )
            for column in shown
        ),
    )


def _make_gallery(
    cell: tuple[int, int],
    confusion: Sequence[Sequence[int]],
    names: Sequence[str],
    pictures: tuple[Picture, ...],
) -> Gallery:
    row, column = cell
    return Gallery(
        link=name_link(cell),
        true=names[row],
        predicted=names[column],
        count=confusion[row][column],
        pictures=pictures,
    )


def _show_suspect(suspect: Suspect, album: Album | None) -> ShownSuspect:
    picture = album.by_id.get(suspect.id) if album else None
    return ShownSuspect(suspect=suspect, name=shorten(suspect.id, MAX_ID), picture=picture)


def _rate_class(item: ClassScore) -> float:
    return -1.0 if math.isnan(item.f1.value) else item.f1.value
