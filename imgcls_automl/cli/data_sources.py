"""What a command of `data` was asked to look at, as a search would take it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import RunConfig
from imgcls_automl.config_sources import resolve_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def resolve_sources(
    sources: Sequence[str], flags: Mapping[str, Any], space: str | None = None
) -> RunConfig:
    """The configuration of a search on these sources, without a space where none is named.

    Args:
        sources: One or more, of one kind.
        flags: Options of `cli.options.with_options`; None means not given.
        space: The search space.

    Raises:
        ConfigError: A value cannot be.
    """
    values = {name: resolve_option(name, given, os.environ) for name, given in flags.items()}
    return RunConfig(space=space or "", data=tuple(sources), **values)
