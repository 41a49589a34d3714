"""The tree drawn at the top of errors.py is the tree that is there."""

from __future__ import annotations

import inspect
import re

import pytest

from imgcls_automl import errors

CLASSES = [
    member
    for _, member in inspect.getmembers(errors, inspect.isclass)
    if issubclass(member, Exception)
]


def read_drawn_tree() -> dict[str, str]:
    """Map each class of the docstring's drawing to the class it hangs on."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)([A-Z]\w+Error) ", line)
        if found:
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            parents[found[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_the_drawing_shows_every_class_under_its_base():
    real = {error.__name__: error.__base__.__name__ for error in CLASSES}
    assert read_drawn_tree() == real


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_caught_as_the_one_base_and_says_what_it_is(error):
    assert issubclass(error, errors.ImgclsError)
    assert error.__doc__
    assert str(error("there is no folder cats")) == "there is no folder cats"
