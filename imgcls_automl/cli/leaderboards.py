"""`leaderboard` and `report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgcls_automl.cli.page_files import check_page, telling_unwritable
from imgcls_automl.errors import ConfigError, RunFolderError
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.results.leaderboard import Leaderboard

FORMATS = ("table", "csv", "json", "md")
_FOR_PROGRAMS = ("csv", "json")


def add_commands(app: typer.Typer) -> None:
    app.command()(leaderboard)
    app.command()(report)


def leaderboard(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How to show it.")
    ] = "table",
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write it as a page that opens offline, too.", show_default=False
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Every trial; without it, people are shown only the best of several runs. "
            "csv and json always hold every trial.",
        ),
    ] = False,
) -> None:
    """Show the trials of one or several runs, best first; also while one runs."""
    from imgcls_automl.results.leaderboard import build_leaderboard
    from imgcls_automl.results.records import read_run
    from imgcls_automl.results.shortlist import keep_best

    if form not in FORMATS:
        raise ConfigError(f"--format must be one of {', '.join(FORMATS)}, but got {form!r}.")
    if html is not None:
        check_page(html, "leaderboard.html")
    board = build_leaderboard([read_run(folder) for folder in runs])
    for_people = board if every or len(runs) == 1 else keep_best(board)
    if html is not None:
        _write_page(html, for_people)
    if form == "table":
        from imgcls_automl.cli.leaderboard_tables import show_board

        show_board(for_people)
    else:
        _put_text(board if form in _FOR_PROGRAMS else for_people, form)


def report(run: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")]) -> None:
    """Write the run's report.html again."""
    from imgcls_automl.results.report import write_report

    try:
        path = write_report(run)
    except OSError as error:
        raise RunFolderError(
            f"{run / 'report.html'} cannot be written: {error.strerror}.\n"
            "Remove what is in its place or make room, or copy the run folder to where you may write, and report there."
        ) from error
    typer.echo(plain(str(path)))


def _put_text(board: Leaderboard, form: str) -> None:
    from imgcls_automl.results import leaderboard_formats as formats

    formatters = {
        "csv": formats.format_leaderboard_csv,
        "json": formats.format_leaderboard_json,
        "md": formats.format_leaderboard_markdown,
    }
    typer.echo(formatters[form](board), nl=False)


def _write_page(html: Path, board: Leaderboard) -> None:
    from imgcls_automl.results.leaderboard_page import write_leaderboard_page

    with telling_unwritable(html):
        write_leaderboard_page(html, board)
