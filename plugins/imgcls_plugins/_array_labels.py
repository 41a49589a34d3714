"""Labels in arrays: whole numbers or texts, with names for what the numbers stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from imgcls_automl.plugin import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


class NamedArray(Protocol):
    """An array that error messages can name; its values are read elsewhere."""

    @property
    def name(self) -> str: ...

    @property
    def dtype(self) -> np.dtype: ...

    def describe(self, index: int | None = None) -> str:
        """A place for messages: `"digits.npz, y_train[17]"`."""
        ...


def name_label(
    value: object, names: Sequence[str] | None, array: NamedArray, index: int, *, origin: str
) -> str:
    """Give the class that a label names.

    Args:
        value: The label, as `tolist` gives it.
        names: Of the classes that 0, 1... stand for, where they have names.
        array: Where the label is from, and its `index` there.
        origin: Where `names` are from, for messages: `"class_names"`.

    Raises:
        DatasetError: It is empty, neither a whole number nor a text, or no class has its number.
    """
    if isinstance(value, (str, bytes)):
        text = decode_text(value, array, index).strip()
        if not text:
            raise DatasetError(
                f"{array.describe(index)} is empty, which is no label.\nName it or leave it out."
            )
        return text
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int):
        raise DatasetError(
            f"{array.describe(index)} is {value}, which is no label.\n"
            "Labels are whole numbers or texts."
        )
    if names is None:
        return str(value)
    if not 0 <= value < len(names):
        raise DatasetError(
            f"{array.describe(index)} is {value}, but {origin} has {len(names)} names, for "
            f"0 to {len(names) - 1}.\nMend the label, or complete {origin}."
        )
    return names[value]


def decode_text(text: str | bytes, array: NamedArray, index: int) -> str:
    """A text of an array of texts or of bytes in UTF-8. Raises DatasetError."""
    try:
        return text.decode() if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{array.describe(index)} is no UTF-8 text.\nSave the texts as np.array of str."
        ) from error
