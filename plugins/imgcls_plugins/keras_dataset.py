"""Arrays that a Python function returns, as the functions of keras.datasets do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from imgcls_automl.plugin import Match, Sample
from imgcls_plugins._array_function import REFERENCE, call_function, has_module
from imgcls_plugins._array_labels import name_label
from imgcls_plugins._class_names import parse_names
from imgcls_plugins._pixel_range import choose_ranges, measure, needs_measuring, parse_white

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from imgcls_plugins._array_function import FunctionArray, Pair
    from imgcls_plugins._pixel_range import PixelRange

_BLOCK_PICTURES = 1_000  # brought to 8 or 16 bits at a time


class KerasDataset:
    """A function named as package.module:function that returns arrays of pictures and labels.

    It is called without arguments and gives (x, y), or ((x_train, y_train), (x_test, y_test)), which
    states splits, as `keras.datasets.fashion_mnist:load_data` does. Class names may follow as a list
    of texts. Pictures are (N, H, W) or (N, H, W, C): bytes or other whole numbers 0-255, uint16
    0-65535, or floats 0-1 or 0-255, told by the largest; each array has the range of its kind.
    Nothing is downloaded but by the function that the user names.

    Args:
        names: Class names between commas, for the labels 0, 1...
        white: The value of white in all arrays, where pixels are numbers of another range: 255 for
            bytes kept as uint16, 4095 for 12 bits.

    Raises:
        PluginError: An option is not of this form.
    """

    def __init__(self, names: str | None = None, white: str | None = None) -> None:
        self._names = None if names is None else parse_names(names)
        self._white = None if white is None else parse_white(white)

    def match(self, source: str) -> Match | None:
        is_there = os.path.exists(source)  # noqa: PTH110 - Path.exists raises on names that are too long
        if is_there or not REFERENCE.fullmatch(source):
            return None
        if not has_module(source):
            return None
        return Match(0.9, "the name of a Python function that gives arrays")

    def read(self, source: str) -> Iterator[Sample]:
        """Yield the pictures as uint8 or uint16 (H, W) or (H, W, C), train before test.

        An id is the array's name and the place in it: `"x_train[17]"`.

        Raises:
            DatasetError: There is no such function, it fails, or it gives something else; names the
                array, and the place in it, of what is wrong.
        """
        pairs, given_names = call_function(source)
        names = self._names or given_names
        origin = "--data-option names" if self._names else "its list of class names"
        ranges = self._choose_ranges([pair.images for pair in pairs])
        for pair, pixel_range in zip(pairs, ranges, strict=True):
            yield from _read_pair(pair, names, origin, pixel_range)

    def _choose_ranges(self, arrays: Sequence[FunctionArray]) -> list[PixelRange]:
        highest = [measure(it, _blocks(it)) if needs_measuring(it) else 255.0 for it in arrays]
        return choose_ranges(arrays, highest, self._white)


def _read_pair(
    pair: Pair, names: Sequence[str] | None, origin: str, pixel_range: PixelRange
) -> Iterator[Sample]:
    labels = pair.labels.values.tolist()
    number = 0
    for block in _blocks(pair.images):
        for image in pixel_range.to_pixels(block):
            label = name_label(labels[number], names, pair.labels, number, origin=origin)
            yield Sample(
                id=f"{pair.images.name}[{number}]", image=image, label=label, split=pair.split
            )
            number += 1


def _blocks(array: FunctionArray) -> Iterator[np.ndarray]:
    for start in range(0, len(array.values), _BLOCK_PICTURES):
        yield array.values[start : start + _BLOCK_PICTURES]
