"""`spaces list`, `datasets list` and `plugins list`: what is installed, told from metadata alone."""

from __future__ import annotations

import json as json_format
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer

from imgcls_automl.registry import DATASETS, SEARCH_SPACES, PluginInfo, discover

Json = Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")]


def add_commands(app: typer.Typer) -> None:
    for name, groups, what in (
        ("spaces", (SEARCH_SPACES,), "search spaces"),
        ("datasets", (DATASETS,), "dataset adapters"),
        ("plugins", (DATASETS, SEARCH_SPACES), "plugins"),
    ):
        app.add_typer(_make_list(groups, what), name=name, help=f"The installed {what}.")


def _make_list(groups: tuple[str, ...], what: str) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

    @app.callback()
    def group() -> None:
        """Keeps `list` a command of its own, whatever else joins it."""

    @app.command("list", help=f"List the installed {what}; imports none of them.")
    def list_plugins(json: Json = False) -> None:
        show_plugins([info for group in groups for info in discover(group)], json=json)

    return app


def show_plugins(plugins: list[PluginInfo], *, json: bool) -> None:
    """Print plugins, and which of them share a name that then is no use."""
    owners = Counter((info.group, info.name) for info in plugins)
    statuses = ["duplicate" if owners[info.group, info.name] > 1 else "ok" for info in plugins]
    if json:
        rows = [
            {**asdict(info), "status": status}
            for info, status in zip(plugins, statuses, strict=True)
        ]
        typer.echo(json_format.dumps({"schema_version": 1, "plugins": rows}))
        return
    from imgcls_automl.cli.tables import show_table

    show_table(
        ("name", "kind", "package", "version", "status", "class"),
        [
            (info.name, info.kind, info.distribution, info.version, status, info.value)
            for info, status in zip(plugins, statuses, strict=True)
        ],
    )
