"""Tells what is KerasTuner's from a search space of ours, without importing KerasTuner."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

# What a HyperModel or a build function may ask for by name, and gets from the data.
KNOWN_OF_DATA = ("input_shape", "classes", "num_classes")


def is_hypermodel(found: Any, options: Collection[str] = ()) -> bool:
    """Whether this is a HyperModel class, an instance of one, or a function that builds a model from `hp`.

    Args:
        found: What the user's reference names.
        options: Names of the `--space-option`s given with it.
    """
    if inspect.isfunction(found):
        return _takes_hp(found, options)
    kind = found if inspect.isclass(found) else type(found)
    return any(
        base.__name__ == "HyperModel" and base.__module__.startswith("keras_tuner.")
        for base in kind.__mro__
    )


def _takes_hp(function: Any, options: Collection[str]) -> bool:
    """Whether one argument is left to be given: where options give all, the function makes a space of ours."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    left = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in positional
        and parameter.default is inspect.Parameter.empty
        and name not in options
        and name not in KNOWN_OF_DATA
    ]
    return len(left) == 1
