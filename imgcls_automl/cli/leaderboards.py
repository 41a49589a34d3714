"""`leaderboard` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imgcls_automl.errors import ConfigError

FORMATS = ("table", "csv", "json", "md")


def add_commands(app: typer.Typer) -> None:
    app.command()(leaderboard)
    app.command()(report)


def leaderboard(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How to show it.")
    ] = "table",
) -> None:
    """Show the trials of one or several runs, best first; also while one runs."""
    from imgcls_automl.results import leaderboard as boards
    from imgcls_automl.results.records import read_run

    if form not in FORMATS:
        raise ConfigError(f"--format must be one of {', '.join(FORMATS)}, but got {form!r}.")
    records = [read_run(folder) for folder in runs]
    if form == "table":
        from imgcls_automl.cli.tables import show_leaderboard

        show_leaderboard(records)
        return
    formatters = {
        "csv": boards.format_leaderboard_csv,
        "json": boards.format_leaderboard_json,
        "md": boards.format_leaderboard_markdown,
    }
    typer.echo(formatters[form](boards.build_leaderboard(records)), nl=False)


def report(run: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")]) -> None:
    """Write the run's report.html again."""
    from imgcls_automl.results.report import write_report

    typer.echo(str(write_report(run)))
