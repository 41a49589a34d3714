"""Which pictures and classes the lines of a correction list mean."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from imgcls_automl.data.correction_lists import NEW_LABEL
from imgcls_automl.errors import DatasetError
from imgcls_automl.text import guard_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgcls_automl.data.correction_lists import CorrectionList, Entry
    from imgcls_automl.data.decoded import Contents

_NAMED = 3  # in a message


class PictureFinder:
    """Finds the pictures of a set by their ids, as they are or as our own CSV files write them."""

    def __init__(self, contents: Contents) -> None:
        self._ids = contents.ids
        self._places = index_names(contents.ids)
        # A run's issues.csv names unreadable pictures and classes too; they are no mistake in a list.
        self._others = index_names([*(it.id for it in contents.issues), *contents.class_names])

    def find(self, its: CorrectionList) -> list[tuple[int, Entry]]:
        """The places of the pictures that a list names, each with its line; lines that name none are passed over.

        Raises:
            DatasetError: There are lines, and not one of them names anything that is known.
        """
        unknown = self.list_unknown(its)
        if unknown and len(unknown) == len(its.entries):
            raise DatasetError(
                f"{its.locate(unknown[0])}: {unknown[0].id!r} is no picture here, nor is any other id of the file.\n"
                f"Ids are those of data/splits.csv in a run folder, such as {self._ids[0]!r}."
            )
        places = ((look_up(self._places, entry.id), entry) for entry in its.entries)
        return [(place, entry) for place, entry in places if place is not None]

    def list_unknown(self, its: CorrectionList) -> list[Entry]:
        """The lines that name nothing known."""
        return [
            entry
            for entry in its.entries
            if look_up(self._places, entry.id) is None and look_up(self._others, entry.id) is None
        ]


def find_class(
    its: CorrectionList, entry: Entry, classes: dict[str, int], names: Sequence[str]
) -> int | None:
    """The index of the class that a line names; None where it is new.

    Args:
        its: The list.
        entry: Its line.
        classes: Indices by name, from `index_names`.
        names: Of the classes, for messages.

    Raises:
        DatasetError: There is no such class, and the column is not one that makes classes.
    """
    found = look_up(classes, entry.label)
    if found is None and its.column != NEW_LABEL:
        near = get_close_matches(entry.label, names, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"The classes are {list_names(names)}."
        raise DatasetError(
            f"{its.locate(entry)}: the column {its.column} names {entry.label!r}, which is no class here.\n"
            f"{hint} A new class is made by a column {NEW_LABEL} only."
        )
    return found


def index_names(names: Iterable[str]) -> dict[str, int]:
    """The place of each name, under the name itself and under what a CSV file of ours has for it."""
    places = {name: place for place, name in enumerate(names)}
    return {guard_cell(name): place for name, place in places.items()} | places


def look_up(places: dict[str, int], name: str) -> int | None:
    """The place of a name, blanks around it forgiven; None where there is none."""
    return places.get(name, places.get(name.strip()))


def list_names(names: Sequence[str]) -> str:
    """`"'cat', 'dog', 'cow' and 2 more"`."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(repr(name) for name in names[:_NAMED]) + more
