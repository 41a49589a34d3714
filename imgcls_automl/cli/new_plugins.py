"""`plugins new`: the package of a plugin, complete and working, to be changed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def add_commands(app: typer.Typer) -> None:
    app.command("new")(new)


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and underscores.")
    ],
    kind: Annotated[str, typer.Option(metavar="dataset|space", help="What to write.")],
    to: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the package's folder is made.")
    ] = Path(),
) -> None:
    """Write a package with a working example, its tests, README, licence and CI file."""
    from imgcls_automl.cli.plugin_checks import check_kind
    from imgcls_automl.plugin_packages import NewPlugin, write_package

    folder = write_package(NewPlugin(name=name, kind=check_kind(kind)), to)
    source = " --data FOLDER" if kind == "dataset" else ""
    typer.echo(f"Wrote {folder}. Next:\n")
    typer.echo(f"  cd {shlex.quote(str(folder))}")
    typer.echo("  pip install -e '.[test]'")
    typer.echo("  python -m pytest")
    typer.echo(f"  imgcls-automl plugins check {name}{source}")
