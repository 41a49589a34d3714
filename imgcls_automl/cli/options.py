"""Command-line options made from `RunConfig`, so that names, help and defaults stand there only."""

from __future__ import annotations

import inspect
from dataclasses import MISSING
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.config import flag, options
from imgcls_automl.option_values import parse_switch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from dataclasses import Field


# What tells of the data and how it is read, rather than of a search.
DATA_OPTIONS = (
    "test_data",
    "adapter",
    "data_option",
    "seed",
    "image_size",
    "resize",
    "max_bad",
    "max_pixels",
    "cache_dir",
    "cache_limit",
    "read_timeout",
)


def with_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, which takes them as `**flags`, an option for each field of `RunConfig`.

    Options that are not given arrive as None; `resolve_config` fills them.
    """
    return _with_options(command, [option.name for option in options()])


def with_options(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command some of these options in the same way; `config_sources.resolve_option` fills them."""
    return lambda command: _with_options(command, names)


def _with_options(command: Callable[..., None], names: Sequence[str]) -> Callable[..., None]:
    own = [
        parameter
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    made = [_make_parameter(option) for option in options() if option.name in names]
    parameters = sorted([*made, *own], key=lambda parameter: parameter.kind)  # arguments first

    @wraps(command)
    def run(**given: Any) -> None:
        command(**given)

    # Of the wrapper: a command stays as it is, so that one process can run several command lines.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _make_parameter(option: Field[Any]) -> inspect.Parameter:
    described = option.metadata["help"]
    if option.metadata["parse"] is parse_switch:
        return _make_switch(option)
    if option.default not in (MISSING, None):
        described += f" [default: {option.default}]"
    elif option.default is MISSING and option.default_factory is MISSING:
        described += " [required]"
    given = typer.Option(
        flag(option.name), help=described, metavar=option.metadata["metavar"], show_default=False
    )
    annotation: Any = list[str] if option.metadata["repeated"] else str
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[annotation | None, given],
    )


def _make_switch(option: Field[Any]) -> inspect.Parameter:
    name = flag(option.name)
    given = typer.Option(
        f"{name}/--no-{name.removeprefix('--')}", help=option.metadata["help"], show_default=False
    )
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[bool | None, given],
    )
