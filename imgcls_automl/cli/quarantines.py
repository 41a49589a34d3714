"""`data quarantine`: unreadable files set aside, and brought back with --undo; nothing moves without --yes."""

from __future__ import annotations

import json as json_format
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.cli.data_sources import resolve_sources
from imgcls_automl.cli.options import with_options
from imgcls_automl.cli.wording import count
from imgcls_automl.errors import ConfigError
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.data.quarantine import Plan

SCHEMA_VERSION = 1
MOST_SHOWN = 20
_OPTIONS = ("adapter", "data_option", "max_pixels", "cache_dir", "cache_limit", "read_timeout")


def add_commands(data: typer.Typer) -> None:
    data.command(
        "quarantine",
        help="Move (never delete) unreadable files aside, or back; a dry run unless --yes.",
    )(with_options(*_OPTIONS)(quarantine))


def quarantine(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="The pictures, as for search --data."),
    ] = None,
    *,
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the files go.", show_default=False),
    ] = None,
    undo: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Move all files in DIR back instead.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; otherwise it is only told.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    **flags: Any,
) -> None:
    from imgcls_automl.data.quarantine import plan_undo

    if undo is not None:
        if source is not None or to is not None:
            raise ConfigError("--undo DIR takes neither DATA nor --to: its manifest knows both.")
        plan, others = plan_undo(undo), 0
    elif source is None or to is None:
        raise ConfigError(
            "Name the pictures and where the unreadable ones go:\n"
            "imgcls-automl data quarantine DATA --to DIR"
        )
    else:
        plan, others = _plan(source, to, flags, quiet=quiet)
    if yes and plan.moves:
        plan = _do(plan, undo=undo is not None, quiet=quiet)
    if json:
        typer.echo(json_format.dumps(_to_json(plan, others, moved=yes)))
    else:
        _show(plan, others, undo=undo is not None, moved=yes)


def _plan(source: str, to: Path, flags: Mapping[str, Any], *, quiet: bool) -> tuple[Plan, int]:
    """What would be moved, and how much cannot be read that is no file of its own."""
    from imgcls_automl.cli.screens import choose_screen
    from imgcls_automl.data.quarantine import check_folder, plan_quarantine
    from imgcls_automl.data.unreadable_files import find_unreadable
    from imgcls_automl.stages import dataset_request

    check_folder(source, to)
    request = dataset_request(resolve_sources([source], flags))
    with choose_screen(quiet=quiet) as screen:
        unreadable = find_unreadable(request, on_progress=screen.observe)
        plan = plan_quarantine(source, unreadable.files, to, on_progress=screen.observe)
    return plan, unreadable.others


def _do(plan: Plan, *, undo: bool, quiet: bool) -> Plan:
    """Move the files; what comes back is what was done."""
    from imgcls_automl.cli.screens import choose_screen
    from imgcls_automl.data.quarantine_moves import carry_back, carry_out

    with choose_screen(quiet=quiet) as screen:
        if not undo:
            return carry_out(plan, on_progress=screen.observe)
        carry_back(plan, on_progress=screen.observe)
    return plan


def _to_json(plan: Plan, others: int, *, moved: bool) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "moved": moved,
        "folder": str(plan.folder),
        "files": [
            {"from": str(move.source), "to": str(move.target), "reason": move.reason}
            for move in plan.moves
        ],
        "left_alone": [{"file": str(it.path), "reason": it.reason} for it in plan.stays],
        "other_problems": others,
    }


def _show(plan: Plan, others: int, *, undo: bool, moved: bool) -> None:
    for move in plan.moves[:MOST_SHOWN]:
        typer.echo(plain(f"{move.source} -> {move.target}" + ("" if undo else f" ({move.reason})")))
    if len(plan.moves) > MOST_SHOWN:
        typer.echo(f"... and {len(plan.moves) - MOST_SHOWN:,} more; --json lists all")
    for stay in plan.stays:
        typer.echo(plain(f"Left alone: {stay.path}: {stay.reason}"))
    if others:
        typer.echo(
            f"{count(others, 'other problem')} are no files that can be moved (rows of tables, folders, "
            "formats that are not read): imgcls-automl data inspect lists them."
        )
    typer.echo(_conclude(plan, undo=undo, moved=moved))


def _conclude(plan: Plan, *, undo: bool, moved: bool) -> str:
    back = "back " if undo else ""
    if not plan.moves:
        return f"Nothing to move {back}".rstrip() + "."
    files = count(len(plan.moves), "file")
    folder = shlex.quote(plain(str(plan.folder)))
    if not moved:
        command = shlex.join(["imgcls-automl", *sys.argv[1:], "--yes"])
        return f"{files} would be moved {back}and nothing was. To do it:\n{plain(command)}"
    if undo:
        return f"{files} moved back; {folder} keeps its manifest."
    return (
        f"{files} moved, as manifest.csv in {folder} tells. To move them back:\n"
        f"imgcls-automl data quarantine --undo {folder} --yes"
    )
