"""Makes a HyperModel for a data set: of a class, with what it asks for by name, or of a build function."""

from __future__ import annotations

import ast
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import keras_tuner

from imgcls_automl.hypermodels.recognition import KNOWN_OF_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from imgcls_automl.plugin import ImageTask


def make_hypermodel(found: Any, options: Mapping[str, str], task: ImageTask) -> Any:
    """Make a `keras_tuner.HyperModel`; an instance is given back as it is.

    Args:
        found: A HyperModel class, an instance of one, or a build function `f(hp)`.
        options: Further arguments of class or function; read as Python literals where they are some.
        task: Gives `input_shape`, `classes` and `num_classes` to what has arguments of these names.
    """
    if isinstance(found, keras_tuner.HyperModel):
        return found
    arguments = {name: _read_literal(text) for name, text in options.items()}
    known = dict(
        zip(KNOWN_OF_DATA, (task.image_shape, task.num_classes, task.num_classes), strict=True)
    )
    wanted = inspect.signature(found).parameters
    arguments = {name: known[name] for name in KNOWN_OF_DATA if name in wanted} | arguments
    if inspect.isclass(found):
        return found(**arguments)
    return _BuildFunction(partial(found, **arguments))


class _BuildFunction(keras_tuner.HyperModel):  # type: ignore[misc]
    """A HyperModel whose `build` is a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        super().__init__()

    def build(self, hp: Any) -> Any:
        return self._function(hp)


def _read_literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):  # a word
        return text
