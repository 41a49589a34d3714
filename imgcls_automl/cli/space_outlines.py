"""`spaces show`: what a search space draws, starts with and builds."""

from __future__ import annotations

import json as json_format
import shutil
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from imgcls_automl.errors import ConfigError
from imgcls_automl.option_values import parse_pairs
from imgcls_automl.registry import SEARCH_SPACES, find
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.plugin import ImageTask
    from imgcls_automl.registry import PluginInfo
    from imgcls_automl.space_outline import Parameter, SpaceOutline

SCHEMA_VERSION = 1
PICTURES = 1000  # a class, where limits such as that of the batch size depend on how many there are
SMALLEST_SIDE, LARGEST_SIDE = 8, 1024


def add_commands(spaces: typer.Typer) -> None:
    spaces.command("show")(show)


def show(
    space: Annotated[
        str,
        typer.Argument(
            metavar="SPACE", help="A name from 'spaces list', file.py:Name or module:Name."
        ),
    ],
    shape: Annotated[
        str, typer.Option(metavar="HxWxC", help="Of the pictures: height, width, channels.")
    ] = "28x28x1",
    classes: Annotated[int, typer.Option(metavar="N", help="How many are told apart.")] = 10,
    space_option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="An option of the space; may be repeated."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")] = False,
) -> None:
    """Show a search space: its parameters and when they are drawn, its baselines, its network."""
    from imgcls_automl.space_outline import outline_space

    task = _make_task(shape, classes)
    info = find(SEARCH_SPACES, space)
    outline = outline_space(info, _parse_options(space_option), task)
    if json:
        about = {"plugin": {**asdict(info), "origin": info.origin}, "shape": task.image_shape}
        values = {"schema_version": SCHEMA_VERSION, **about, "classes": classes}
        typer.echo(json_format.dumps({**values, **outline.to_json()}))
        return
    _show_outline(outline, info, task)


def _parse_options(pairs: list[str] | None) -> dict[str, str]:
    try:
        return dict(parse_pairs(pairs)) if pairs else {}
    except ValueError as error:
        raise ConfigError(f"--space-option must be {error}, but got {pairs!r}.") from None


def _make_task(shape: str, classes: int) -> ImageTask:
    from imgcls_automl.plugin import ImageTask

    sides = [int(part) for part in shape.lower().split("x") if part.isascii() and part.isdigit()]
    if len(sides) != 3 or shape.lower().count("x") != 2 or sides[2] not in (1, 3):
        raise ConfigError(
            f"--shape must be height x width x channels (1 or 3), such as 64x64x3, but got {shape!r}."
        )
    height, width, channels = sides
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (height, width)):
        raise ConfigError(
            f"--shape: pictures have {SMALLEST_SIDE} to {LARGEST_SIDE} pixels a side, but got {shape!r}."
        )
    if not 2 <= classes <= 100_000:
        raise ConfigError(f"--classes must be a number from 2 to 100000, but got {classes}.")
    return ImageTask(
        image_shape=(height, width, channels),
        class_names=tuple(map(str, range(classes))),
        class_counts=(PICTURES,) * classes,
    )


def _show_outline(outline: SpaceOutline, info: PluginInfo, task: ImageTask) -> None:
    from imgcls_automl.cli.tables import show_table

    # A class that no package registers is its own name and origin.
    whose = [it for it in (info.origin, info.value) if it != info.name]
    told = ", ".join([*whose, f"plugin API {outline.api_version}"])
    typer.echo(f"{typer.style(plain(info.name), bold=True)}  {plain(told)}")
    if outline.about:
        _put_wrapped(outline.about)
    refused = f", {outline.infeasible} of which it refused" if outline.infeasible else ""
    _head(f"Parameters (as {outline.draws} draws told{refused})")
    show_table(
        ("name", "range", "drawn when"),
        [(it.name, describe_range(it), it.condition or "always") for it in outline.parameters],
    )
    for number, baseline in enumerate(outline.baselines, start=1):
        _head(f"Baseline {number}: {baseline.weights:,} weights")
        _put_wrapped(", ".join(f"{key} {it}" for key, it in baseline.parameters.items()))
    if not outline.baselines:
        _head("No baselines: a search starts with a random draw")
    sides = "x".join(map(str, task.image_shape))
    which = "Baseline 1" if outline.baselines else "A random draw"
    _head(f"{which} for pictures of {sides} and {task.num_classes} classes")
    show_table(
        ("layer", "kind", "output", "weights"),
        [(it.name, it.kind, it.shape, f"{it.weights:,}") for it in outline.layers],
    )
    typer.echo(f"{outline.weights:,} weights in all")


def describe_range(parameter: Parameter) -> str:
    """`"0.0003 to 0.02, log"`, `"16 to 128, step 16"`, `"True | False"`."""
    if parameter.low is None or parameter.high is None:
        return " | ".join(map(str, parameter.choices))
    told = f"{parameter.low:.6g} to {parameter.high:.6g}"
    if parameter.step is not None:
        told += f", step {parameter.step:g}"
    return f"{told}, log" if parameter.log else told


def _put_wrapped(text: str) -> None:
    typer.echo("\n".join(textwrap.wrap(plain(text), shutil.get_terminal_size().columns)))


def _head(text: str) -> None:
    typer.echo("\n" + typer.style(text, bold=True))
