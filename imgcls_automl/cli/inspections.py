"""`data inspect`: what is in a data set and wrong with it, on the terminal, as JSON and as a page."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.cli.data_sources import resolve_sources
from imgcls_automl.cli.options import DATA_OPTIONS, with_options
from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from imgcls_automl.augmentation_preview import Preview
    from imgcls_automl.cli.screens import Screen
    from imgcls_automl.config import RunConfig
    from imgcls_automl.data.inspection import Inspection


def add_commands(data: typer.Typer) -> None:
    data.command(
        "inspect", help="Tell all about labelled pictures: what there is, and what is wrong."
    )(with_options(*DATA_OPTIONS, "folds", "test_share", "space_option", "device")(inspect))


def inspect(
    sources: Annotated[
        list[str], typer.Argument(metavar="DATA...", help="The pictures, as for search --data.")
    ],
    *,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with pictures, too.", show_default=False),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="SPACE",
            help="A search space whose changes to training pictures the page shows.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    **flags: Any,
) -> None:
    from imgcls_automl.cli.inspection_tables import show_inspection
    from imgcls_automl.cli.screens import choose_screen
    from imgcls_automl.data.inspection import opened_inspection
    from imgcls_automl.stages import dataset_request

    config = resolve_sources(sources, flags, space)
    _check_page(html, space)
    with choose_screen(quiet=quiet) as screen:
        request = dataset_request(config)
        with opened_inspection(request, on_progress=screen.observe) as inspection:
            if html is not None:
                _write_page(html, inspection, config, screen)
    if json:
        page = None if html is None else str(html)
        typer.echo(json_format.dumps({**inspection.to_json(), "page": page}))
    else:
        show_inspection(inspection, request, page=html)


def _check_page(html: Path | None, space: str | None) -> None:
    if html is None:
        if space is not None:
            raise ConfigError(
                "--space shows its changes to pictures in the page.\nAsk for it: --html FILE"
            )
        return
    if html.is_dir() or not html.parent.is_dir():
        fault = "a folder" if html.is_dir() else "in no folder that there is"
        raise ConfigError(f"--html: {html} is {fault}.\nName a file: --html inspection.html")


def _write_page(html: Path, inspection: Inspection, config: RunConfig, screen: Screen) -> None:
    from imgcls_automl.pages.data_page import write_data_page

    preview: Preview | None = None
    if config.space and inspection.dataset is not None and inspection.sights is not None:
        from imgcls_automl.augmentation_preview import preview_augmentation

        preview = preview_augmentation(config, inspection.dataset, inspection.sights)
    try:
        write_data_page(html, inspection, preview)
    except OSError as error:
        raise ConfigError(f"--html: {html} cannot be written: {error.strerror}.") from error
