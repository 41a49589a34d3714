"""The labels that look wrong, read back from best/suspicious_labels.csv."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.results.documents import damaged

if TYPE_CHECKING:
    from pathlib import Path

SUSPECTS = "suspicious_labels.csv"
COLUMNS = ("id", "split", "label", "suggested", "probability")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A picture, its split and label, the class it looks like, and how probable that one is."""

    id: str
    split: str
    label: str
    suggested: str
    probability: float


def read_suspects(best: Path) -> tuple[Suspect, ...]:
    """Read the list, the clearest first; empty where an older version wrote none.

    Raises:
        RunFolderError: It is damaged.
    """
    path = best / SUSPECTS
    if not path.is_file():
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(
                Suspect(
                    id=row["id"],
                    split=row["split"],
                    label=row["label"],
                    suggested=row["suggested"],
                    probability=float(row["probability"]),
                )
                for row in csv.DictReader(file)
            )
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise damaged(path, f"a cell is missing or of the wrong kind ({error})") from error
