"""`doctor`: is everything here that a search needs, and what to do where it is not."""

from __future__ import annotations

import json as json_format
import os
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.doctor.checks import Check

SCHEMA_VERSION = 1
_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
_MARGIN = 20  # columns before what is told


def add_commands(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    search: Annotated[
        bool,
        typer.Option("--search/--no-search", help="Search for real, on small pictures: seconds."),
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")] = False,
) -> None:
    """Look whether everything works that a search needs, and say what to do where it does not.

    Ends with code 0 unless something is broken; then with the code that a search would end with.
    """
    from imgcls_automl.config_sources import resolve_option
    from imgcls_automl.doctor.checks import run_checks
    from imgcls_automl.stages import default_cache

    cache = resolve_option("cache_dir", None, os.environ) or default_cache()
    checks = []
    for check in run_checks(cache, Path.cwd() / "runs", with_search=search):
        checks.append(check)
        if not json:
            typer.echo(_format_check(check))
    problems = [check for check in checks if check.status == "problem"]
    code = _choose_code(problems[0]) if problems else 0
    if json:
        rows = [_to_json(check) for check in checks]
        told = {"schema_version": SCHEMA_VERSION, "ok": not problems, "checks": rows}
        typer.echo(json_format.dumps(told))
    else:
        typer.echo("\n" + _summarise(checks))
    raise typer.Exit(code)


def _choose_code(problem: Check) -> int:
    """The code that a search would end with for the first problem."""
    from imgcls_automl.cli.main import EXIT_CODES

    error = problem.error or Exception
    return next((code for kind, code in EXIT_CODES.items() if issubclass(error, kind)), 2)


def _format_check(check: Check) -> str:
    from shutil import get_terminal_size

    width = max(get_terminal_size().columns - _MARGIN, 30)
    told = textwrap.wrap(plain(check.told), width, break_on_hyphens=False)
    advice = textwrap.wrap(plain(check.advice), width - 2, break_on_hyphens=False)
    lines = [*told, *(f"{'  ' if at else '> '}{line}" for at, line in enumerate(advice))]
    status = typer.style(f"{check.status:<8}", fg=_COLOURS[check.status], bold=True)
    margin = "\n" + " " * _MARGIN
    return f"{status} {typer.style(f'{check.name:<10}', bold=True)} {margin.join(lines)}"


def _summarise(checks: list[Check]) -> str:
    problems = sum(check.status == "problem" for check in checks)
    warnings = sum(check.status == "warning" for check in checks)
    if problems:
        return f"{problems} of {len(checks)} checks found a problem: what follows > mends it."
    if warnings:
        return f"No problem; {warnings} of {len(checks)} checks have something to say."
    return "All is well."


def _to_json(check: Check) -> dict[str, Any]:
    values = asdict(check)
    return values | {"error": check.error.__name__ if check.error else None}
