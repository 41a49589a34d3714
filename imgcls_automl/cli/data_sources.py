"""What a command beside `search` was asked to look at: named and read as a search would, and what could not be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import DEFAULT_READ_TIMEOUT, RunConfig
from imgcls_automl.config_sources import resolve_option
from imgcls_automl.errors import LeftOutError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READING_OPTIONS = ("adapter", "data_option", "read_timeout")


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


def resolve_reading(flags: Mapping[str, Any]) -> dict[str, Any]:
    """How a finished run's model is to read other pictures, as keywords of a request to predict or evaluate.

    Args:
        flags: `READING_OPTIONS` of `cli.options.with_options`; None means not given.

    Raises:
        ConfigError: A value cannot be.
    """
    given = {name: resolve_option(name, flags[name], os.environ) for name in READING_OPTIONS}
    return {
        "adapter": given["adapter"],
        "options": given["data_option"] or None,  # those of the run
        "read_timeout": given["read_timeout"] or DEFAULT_READ_TIMEOUT,
    }


def refuse_unreadable(left_out: int, total: int, done: str) -> None:
    """End a command that has done what it could with exit code 3, where that was not all.

    Args:
        left_out: Pictures that could not be read; they have been named.
        total: Of so many.
        done: What became of the others: `"predicted"`.

    Raises:
        LeftOutError: Some could not be read.
    """
    if left_out:
        raise LeftOutError(
            f"{left_out:,} of {total:,} pictures could not be read and were left out; they are named above.\n"
            f"Repair them or take them out; all others have been {done}."
        )
