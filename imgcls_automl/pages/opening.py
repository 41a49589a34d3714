"""The templates of pages, opened so that nothing they print can be anything but text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.text import plain

if TYPE_CHECKING:
    from jinja2 import Environment


def open_templates(package: str) -> Environment:
    """Open a package's templates, which may extend `page.html.jinja`: one style, nothing loaded."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("imgcls_automl.pages")]),
        autoescape=True,
        finalize=_show,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _show(value: object) -> object:
    # Everything a template prints passes here, so that no text from data is forgotten.
    return plain(value) if type(value) is str else value
