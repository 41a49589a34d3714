"""A Python function that gives arrays of pictures and labels: found by name, called, taken apart."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._wording import printable, quoted

if TYPE_CHECKING:
    import numpy as np

REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

_SPLITS = ((None,), ("train", "test"), ("train", "validation", "test"))  # by the number of pairs
_WANTED = (
    "Let it give (x, y), ((x_train, y_train), (x_test, y_test)) or three such pairs, the second for "
    "validation; a list of class names may follow"
)
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionArray:
    """One of the arrays that a function gave.

    Attributes:
        source: The function, as the user named it.
        name: `"x_train"`, `"y"`...
        values: Pictures (N, H, W) or (N, H, W, C), or labels (N,).
    """

    source: str
    name: str
    values: np.ndarray

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    def describe(self, index: int | None = None) -> str:
        place = "" if index is None else f"[{index}]"
        return f"{printable(self.source)}, {self.name}{place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Pictures, their labels, and the split that their place states."""

    images: FunctionArray
    labels: FunctionArray
    split: str | None


def has_module(source: str) -> bool:
    """Whether the package that a reference begins with is there; it is not imported."""
    _look_beside_the_user()
    try:
        return importlib.util.find_spec(source.partition(":")[0].partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def call_function(source: str) -> tuple[list[Pair], list[str] | None]:
    """Import and call what `"package.module:function"` names.

    Returns:
        Its pairs of pictures and labels, and the class names where it gives any.

    Raises:
        DatasetError: There is no such function, it fails, or it gives something else.
    """
    function = _find_function(source)
    try:
        given = function()
    except Exception as error:
        raise DatasetError(
            f"{printable(source)} failed: {_describe(error)}.\n"
            "It is called without arguments. Where it downloads its pictures, that takes a network."
        ) from error
    parts = list(given) if isinstance(given, tuple | list) else []
    names = _take_names(parts)
    return _pair(source, parts, given), names


def _find_function(source: str) -> Any:
    if not REFERENCE.fullmatch(source):
        raise DatasetError(
            f"{quoted(source, 100)} does not name a function.\n"
            "Give it as package.module:function, like keras.datasets.fashion_mnist:load_data."
        )
    _look_beside_the_user()
    module, _, name = source.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:
        raise DatasetError(
            f"{printable(source)} cannot be imported: {_describe(error)}.\n"
            "Check the name; a module of your own is looked for in the current folder."
        ) from error
    if not callable(found):
        raise DatasetError(
            f"{printable(source)} is a {type(found).__name__}, not a function.\n{_WANTED}."
        )
    return found


def _look_beside_the_user() -> None:
    # Like a space named as package.module:Name, and never in front of an installed module.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def _take_names(parts: list[Any]) -> list[str] | None:
    """Remove the class names from the end, where they are there: two parts without them are pictures and labels."""
    last = parts[-1] if len(parts) > 1 else None
    is_texts = isinstance(last, Sequence) and all(isinstance(name, str) for name in last)
    if not is_texts or (len(parts) == 2 and not isinstance(parts[0], tuple)):
        return None
    return list(parts.pop())


def _pair(source: str, parts: list[Any], given: Any) -> list[Pair]:
    pairs = parts if parts and isinstance(parts[0], tuple) else [tuple(parts)]
    splits = next((it for it in _SPLITS if len(it) == len(pairs)), None)
    if splits is None or not all(isinstance(it, tuple) and len(it) == 2 for it in pairs):
        raise DatasetError(
            f"{printable(source)} gave {_describe_given(given)}, which holds no such pairs.\n"
            f"{_WANTED}."
        )
    return [
        _make_pair(source, pair[0], pair[1], split)
        for pair, split in zip(pairs, splits, strict=True)
    ]


def _make_pair(source: str, images: Any, labels: Any, split: str | None) -> Pair:
    import numpy as np

    suffix = f"_{split}" if split else ""
    arrays = []
    for name, values in (("x", images), ("y", labels)):
        try:
            array = np.asarray(values)
        except Exception as error:
            raise DatasetError(
                f"{printable(source)}, {name}{suffix} is no array: {_describe(error)}.\n{_WANTED}."
            ) from error
        arrays.append(FunctionArray(source=source, name=f"{name}{suffix}", values=array))
    pair = Pair(images=arrays[0], labels=_flatten(arrays[1]), split=split)
    _check(pair)
    return pair


def _flatten(labels: FunctionArray) -> FunctionArray:
    """Labels of one column, (N, 1), as those of keras.datasets.cifar10, become (N,)."""
    if labels.values.shape[1:] != (1,):
        return labels
    return FunctionArray(source=labels.source, name=labels.name, values=labels.values[:, 0])


def _check(pair: Pair) -> None:
    shape, labels = pair.images.values.shape, pair.labels.values
    known = len(shape) == 3 or (len(shape) == 4 and shape[3] in _CHANNELS)
    if not known or 0 in shape or pair.images.dtype.kind not in "biuf":
        raise DatasetError(
            f"{pair.images.describe()} is {pair.images.dtype} of the shape {shape}.\n"
            "Pictures are numbers of the shape (N, H, W) or (N, H, W, C), with 1, 3 or 4 channels."
        )
    if labels.shape != shape[:1] or labels.dtype.kind not in "biufUSO":
        raise DatasetError(
            f"{pair.labels.describe()} is {labels.dtype} of the shape {labels.shape}, but there are "
            f"{shape[0]:,} pictures.\nGive one label for each picture, a whole number or a text; of "
            "a column for each class the largest: y.argmax(1)"
        )


def _describe_given(given: Any) -> str:
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)}"
    return f"a {type(given).__name__}"


def _describe(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return printable(f"{type(error).__name__}: {text}" if text else type(error).__name__, 300)
