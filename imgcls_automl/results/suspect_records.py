"""The labels that look wrong, told in a run's data/summary.json and data/issues.csv too."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from imgcls_automl.files import write_csv, write_text
from imgcls_automl.results.documents import damaged, read_object
from imgcls_automl.results.suspects import SUSPECTS, read_suspects
from imgcls_automl.text import format_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from imgcls_automl.results.suspects import Suspect

PROBLEM = "suspicious_label"


def record_suspects(run: Path) -> None:
    """Bring a run's data/issues.csv and then data/summary.json up to best/suspicious_labels.csv, each whole or not.

    What they held of another model's list is replaced. Without a list, where there is no model yet, nothing is changed.

    Raises:
        RunFolderError: One of the files is missing or damaged.
    """
    if not (run / "best" / SUSPECTS).is_file():
        return
    suspects = read_suspects(run / "best")
    _write_issues(run / "data/issues.csv", suspects)
    _write_count(run / "data/summary.json", len(suspects))


def _write_issues(path: Path, suspects: Sequence[Suspect]) -> None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        place = header.index("problem")
        others = [row for row in rows if row[place] != PROBLEM]
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise damaged(path, str(error)) from error
    # The list's cells are safe for spreadsheets already.
    found = ((suspect.id, PROBLEM, _describe(suspect)) for suspect in suspects)
    write_csv(path, header, (*others, *found))


def _describe(suspect: Suspect) -> str:
    return (
        f"labelled {suspect.label!r} in {suspect.split}, looks like {suspect.suggested!r} "
        f"(probability {suspect.probability:.4f})"
    )


def _write_count(path: Path, count: int) -> None:
    summary = read_object(path)
    try:
        summary["checks"]["issues"][PROBLEM] = count
    except (KeyError, TypeError) as error:
        raise damaged(path, f"a field is missing or of the wrong kind ({error})") from error
    write_text(path, format_json(summary))
