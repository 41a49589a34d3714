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
# Columns from which on a row that counts 0, 1, 2... is no picture: those of 8x8 without a label.
MOST_COUNTED = 64


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

    A header is a row of texts, or one as pandas numbers columns that have no name: a label's name
    and counted numbers, or those alone, though in a table of fewer than `MOST_COUNTED` columns only
    where the user says that one of them is the label's. A row of which most is numbers is a picture.

    Args:
        first_row: The cells of the first line that is not blank.
        place: The file and the line, for messages.
        is_picture: Whether so many pixel values are a picture.
        label: The name the user gave.

    Raises:
        DatasetError: The row may be a header or a picture, no column is called `label`, or a name
            appears twice.
    """
    cells = [cell.strip() for cell in first_row]
    count = len(cells)
    # What is too wide or too narrow for a picture is refused for that, by the caller.
    may_be_picture = is_picture(count - 1) or is_picture(count)
    if may_be_picture:
        _refuse_unclear(cells, label, place)
    names = tuple(cells) if _is_header(cells, label) else None
    if names:
        _check_names(names, place)
    named = _find_label(names or (), label)
    if named is None and label is not None:
        raise DatasetError(_describe_missing(label, names, place))
    if named is None and (is_picture(count - 1) or not is_picture(count)):
        named = 0
    return Columns(count=count, names=names, label=named)


def _is_header(cells: list[str], label: str | None) -> bool:
    numbers = [cell for cell in cells if _is_number(cell)]
    texts = [cell for cell in cells if not _is_number(cell)]
    if not texts:
        return _is_counted(cells) and (label in cells or len(cells) >= MOST_COUNTED)
    if _is_counted(numbers) and len(texts) == 1 and _is_label_name(texts[0], label):
        return True
    # Most cells, not one: a bad pixel in the first row of a file without a header is an error to
    # report.
    return len(numbers) < len(cells) / 2


def _is_counted(numbers: list[str]) -> bool:
    """Whether they are 0, 1, 2... or 1, 2, 3..., as columns that have no name are numbered."""
    return numbers in [[str(index + start) for index in range(len(numbers))] for start in (0, 1)]


def _is_label_name(text: str, label: str | None) -> bool:
    return text.lower() in LABEL_NAMES or (label is not None and text.lower() == label.lower())


def _refuse_unclear(cells: list[str], label: str | None, place: str) -> None:
    """See to it that no picture is taken for a header, and left out in silence, nor the reverse."""
    if label in cells and _is_header(cells, label):
        return  # the user says that it is one
    if len(cells) < MOST_COUNTED and cells[0] == "0" and _is_counted(cells):
        raise DatasetError(
            f"{place} counts from 0 to {cells[-1]}, which in so small a table may be a header or a "
            "picture.\nIf it is a header, write names in its place (label,p1,p2...); if it is a "
            "picture, put a line of names in front."
        )
    _refuse_mixed(cells, place)


def _refuse_mixed(cells: list[str], place: str) -> None:
    texts = [index for index, cell in enumerate(cells) if not _is_number(cell)]
    numbers = [index for index, cell in enumerate(cells) if _is_number(cell)]
    if numbers and len(texts) > len(numbers):
        found = listed([_describe_cell(cells, index) for index in texts])
        raise DatasetError(
            f"{place} is neither a header nor a picture: {found} hold no number, but "
            f"{_describe_cell(cells, numbers[0])} does.\nIf it is a picture, mend the cells or "
            "delete the line; if it is a header, give every column a name that is no number."
        )


def _describe_cell(cells: list[str], index: int) -> str:
    return f"column {index + 1} ({quoted(cells[index], 20)})"


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
