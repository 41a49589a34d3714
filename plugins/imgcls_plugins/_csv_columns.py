"""What the columns of a CSV of pixels are, decided on its first row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._wording import listed, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

LABEL_NAMES = ("label", "class", "target", "y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a table of pixels.

    Attributes:
        count: How many there are, the label's included.
        names: Their names as the header has them; None without a header.
        label: Index of the label's column; None where there is none.
    """

    count: int
    names: tuple[str, ...] | None
    label: int | None

    @property
    def num_pixels(self) -> int:
        return self.count - (self.label is not None)

    @property
    def pixels(self) -> list[int]:
        """Indices of the pixel columns."""
        return [index for index in range(self.count) if index != self.label]

    def describe(self, index: int) -> str:
        """A column as people find it: `"column 4 (pixel3)"`."""
        name = f" ({printable(self.names[index], 40)})" if self.names else ""
        return f"column {index + 1}{name}"


def find_columns(
    first_row: list[str], *, place: str, is_picture: Callable[[int], bool], label: str | None = None
) -> Columns:
    """Tell the label's column from the pixels.

    The label's column is the one named `label`, else the one with a usual name in the header, else
    the first if what remains is a picture; if all columns are a picture, there is no label.

    Args:
        first_row: The cells of the first line that is not blank.
        place: The file and the line, for messages.
        is_picture: Whether so many pixel values are a picture.
        label: The name the user gave.

    Raises:
        DatasetError: No column is called `label`, or a name appears twice.
    """
    cells = [cell.strip() for cell in first_row]
    names = tuple(cells) if _is_header(cells, (label,) if label else LABEL_NAMES) else None
    if names:
        _check_names(names, place)
    named = _find_label(names or (), label)
    if named is None and label is not None:
        raise DatasetError(_describe_missing(label, names, place))
    count = len(cells)
    if named is None and (is_picture(count - 1) or not is_picture(count)):
        named = 0
    return Columns(count=count, names=names, label=named)


def _is_header(cells: list[str], label_names: tuple[str, ...]) -> bool:
    numbers = [cell for cell in cells if _is_number(cell)]
    # Most cells, not one: a bad pixel in the first row of a file without a header is an error to
    # report.
    if len(numbers) < len(cells) / 2:
        return True
    # pandas numbers columns that have no name.
    counted = [[str(index + start) for index in range(len(numbers))] for start in (0, 1)]
    others = [cell.lower() for cell in cells if not _is_number(cell)]
    return numbers in counted and len(others) == 1 and others[0] in map(str.lower, label_names)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _check_names(names: tuple[str, ...], place: str) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        places = [str(index + 1) for index, name in enumerate(names) if name == twice[0]]
        raise DatasetError(
            f"{place}: two columns are called {quoted(twice[0])} ({listed(places)}).\n"
            "Give each column a name of its own."
        )


def _find_label(names: tuple[str, ...], wanted: str | None) -> int | None:
    if wanted is not None:
        return names.index(wanted) if wanted in names else None
    lowered = [name.lower() for name in names]
    return next((lowered.index(name) for name in LABEL_NAMES if name in lowered), None)


def _describe_missing(label: str, names: tuple[str, ...] | None, place: str) -> str:
    found = f"the columns are {listed(list(names))}" if names else "the file has no header"
    return (
        f"{place}: no column is called {quoted(label)}; {found}.\n"
        "Give the name as the header has it: --data-option label=NAME"
    )
