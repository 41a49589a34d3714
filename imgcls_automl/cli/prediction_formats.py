"""Predictions as a table, CSV or JSON, written batch by batch so that none has to wait for the last."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from rich.cells import cell_len, set_cell_size

from imgcls_automl.text import guard_cell, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgcls_automl.results.predicting import PredictedBatch

SCHEMA_VERSION = 1
_WIDEST_NAME = 24  # cells of a terminal for a class name


class PredictionFormat(Protocol):
    """Writes predictions: the beginning, each batch, the end."""

    def begin(self, class_names: Sequence[str], *, labelled: bool) -> None: ...

    def write(self, batch: PredictedBatch) -> None: ...

    def end(self) -> None: ...


def make_format(name: str, write: Callable[[str], Any]) -> PredictionFormat:
    """Make the table, csv or json format; `write` takes its text."""
    if name == "table":
        return TableFormat(write)
    return CsvFormat(write) if name == "csv" else JsonFormat(write)


class TableFormat:
    """For people: a line a picture, its class and the next best with their probabilities."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._right = self._labelled_count = 0

    def begin(self, class_names: Sequence[str], *, labelled: bool) -> None:
        self._class_names = class_names
        self._names = [plain(name) for name in class_names]
        self._labelled = labelled
        longest = max(cell_len(name) for name in (*self._names, "predicted"))
        self._width = min(longest, _WIDEST_NAME)
        self._write_line("predicted", "", "next best", "", "label", "picture")

    def write(self, batch: PredictedBatch) -> None:
        best = np.argsort(-batch.probabilities, axis=1, kind="stable")[:, :2]
        for id_, label, row, (first, second) in zip(
            batch.ids, batch.labels, batch.probabilities, best, strict=True
        ):
            self._labelled_count += label is not None
            self._right += label == self._class_names[first]
            self._write_line(
                *(self._names[first], f"{row[first]:.1%}"),
                *(self._names[second], f"{row[second]:.1%}"),
                plain(label or ""),
                plain(id_),
            )

    def end(self) -> None:
        if self._labelled_count:
            self._write(f"\n{self._right:,} of {self._labelled_count:,} as labelled\n")

    def _write_line(self, *cells: str) -> None:
        name, probability, other, its, label, picture = cells
        columns = [self._fit(name), f"{probability:>6}", self._fit(other), f"{its:>6}"]
        columns += [self._fit(label)] if self._labelled else []
        self._write("  ".join([*columns, picture]) + "\n")

    def _fit(self, text: str) -> str:
        if cell_len(text) > self._width:
            return set_cell_size(text, self._width - 1) + "…"
        return set_cell_size(text, self._width)


class CsvFormat:
    """For spreadsheets and scripts: the columns of a run's predictions.csv; label only where there are any."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write

    def begin(self, class_names: Sequence[str], *, labelled: bool) -> None:
        self._names = [guard_cell(name) for name in class_names]
        self._labelled = labelled
        given = ["label"] if labelled else []
        columns = [f"p:{plain(name)}" for name in class_names]
        self._write_rows([["id", *given, "predicted", "probability", *columns]])

    def write(self, batch: PredictedBatch) -> None:
        self._write_rows(
            [
                guard_cell(id_),
                *([guard_cell(label)] if self._labelled else []),
                self._names[row.argmax()],
                str(row.max()),
                *(str(value) for value in row),  # the shortest that reads back as the same float32
            ]
            for id_, label, row in zip(batch.ids, batch.labels, batch.probabilities, strict=True)
        )

    def end(self) -> None:
        """A table has no foot."""

    def _write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        self._write(buffer.getvalue())


class JsonFormat:
    """For programs: one object, a prediction a line. Names stand exactly as they are, in ASCII escapes."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._separator = "\n"
        self._left_out: list[dict[str, str]] = []

    def begin(self, class_names: Sequence[str], *, labelled: bool) -> None:
        self._class_names = class_names
        self._labelled = labelled
        names = json.dumps(list(class_names))
        self._write(
            f'{{"schema_version": {SCHEMA_VERSION}, "class_names": {names},\n"predictions": ['
        )

    def write(self, batch: PredictedBatch) -> None:
        self._left_out += [{"id": one.id, "detail": one.detail} for one in batch.left_out]
        for id_, label, row in zip(batch.ids, batch.labels, batch.probabilities, strict=True):
            values = [float(str(value)) for value in row]  # the shortest form of a float32
            prediction = {
                "id": id_,
                **({"label": label} if self._labelled else {}),
                "predicted": self._class_names[row.argmax()],
                "probability": max(values),
                "probabilities": dict(zip(self._class_names, values, strict=True)),
            }
            self._write(self._separator + json.dumps(prediction, allow_nan=False))
            self._separator = ",\n"

    def end(self) -> None:
        self._write(f'\n],\n"left_out": {json.dumps(self._left_out)}}}\n')
