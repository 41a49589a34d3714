"""Where a command is to write its page: looked at before the work, and told where it cannot be written after it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def check_page(html: Path, example: str) -> None:
    """Raise ConfigError where no page can be written under that name; `example` is one that would do."""
    if html.is_dir() or not html.parent.is_dir():
        fault = "a folder" if html.is_dir() else "in no folder that there is"
        raise ConfigError(f"--html: {html} is {fault}.\nName a file: --html {example}")


@contextmanager
def telling_unwritable(html: Path) -> Iterator[None]:
    """Turn what the disk says of a page into a ConfigError."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"--html: {html} cannot be written: {error.strerror}.\nName a file in a folder where you may write."
        ) from error
