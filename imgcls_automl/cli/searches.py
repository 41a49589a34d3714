"""`search` and `resume`."""

from __future__ import annotations

import json as json_format
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.cli.options import with_options, with_run_options
from imgcls_automl.config import METRICS
from imgcls_automl.config_sources import find_option, resolve_config
from imgcls_automl.errors import ConfigError
from imgcls_automl.option_values import parse_choice, parse_duration, parse_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.config import RunConfig
    from imgcls_automl.run_result import RunResult

Json = Annotated[
    bool, typer.Option("--json", help="Put one JSON object on stdout; all else goes to stderr.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress, only the result.")]


def _asked(description: str, metavar: str) -> Any:
    return typer.Option(metavar=metavar, help=description, show_default=False)


def add_commands(app: typer.Typer) -> None:
    app.command(help="Search a space on labelled pictures, refit the winner, test it, report.")(
        with_run_options(search)
    )
    app.command()(with_options("workers", "device")(resume))


def search(
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE.toml", help="A file of the options above."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Read and check the data, load the space, show the plan; train nothing.",
        ),
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    **flags: Any,
) -> None:
    from imgcls_automl import run

    resolved = resolve_config(flags, environment=os.environ, file=config)
    if dry_run:
        _rehearse(resolved, json=json, quiet=quiet)
        return
    _show(
        lambda observe: run.search(resolved, observe),
        json=json,
        quiet=quiet,
    )


def resume(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")],
    trials: Annotated[
        str | None, typer.Option(metavar="N", help="The new total of trials.", show_default=False)
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time for this command.", show_default=False)
    ] = None,
    stop_after_no_improvement: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Trials in a row without a new best, over the whole study.",
            show_default=False,
        ),
    ] = None,
    fork: Annotated[
        bool,
        typer.Option(
            "--fork",
            help="Begin a new run with what this one tried, though data, space, version or metric have changed.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --fork: the new run folder.", show_default=False),
    ] = None,
    metric: Annotated[str | None, _asked("With --fork: another metric.", "METRIC")] = None,
    space: Annotated[str | None, _asked("With --fork: another search space.", "SPACE")] = None,
    data: Annotated[list[str] | None, _asked("With --fork: other pictures.", "DATA")] = None,
    json: Json = False,
    quiet: Quiet = False,
    **place: Any,
) -> None:
    """Go on with an interrupted, killed or finished search, exactly.

    What is not given stays as it was, unless the search was finished.
    """
    from imgcls_automl import run
    from imgcls_automl.forking import Changes

    if out is not None and not fork:
        raise ConfigError("--out goes with --fork: a run that is resumed stays where it is.")
    changes = Changes(
        metric=_parse("--metric", parse_choice(*METRICS), metric),
        space=space,
        data=tuple(data) if data else None,
        **{name: find_option(name, given, os.environ) for name, given in place.items()},
    )
    patience = _parse("--stop-after-no-improvement", parse_whole(1), stop_after_no_improvement)
    budget: dict[str, Any] = {
        "trials": _parse("--trials", parse_whole(1), trials),
        "timeout": _parse("--timeout", parse_duration, timeout),
        "stop_after_no_improvement": patience,
    }

    def work(observe: Callable[[Any], None]) -> RunResult:
        if fork:
            return run.fork(folder, out=out, **budget, changes=changes, observe=observe)
        return run.resume(folder, **budget, changes=changes, observe=observe)

    _show(work, json=json, quiet=quiet)


def _parse(name: str, parse: Callable[[object], Any], value: str | None) -> Any:
    try:
        return None if value is None else parse(value)
    except ValueError as error:
        raise ConfigError(f"{name} must be {error}, but got {value!r}.") from None


def _rehearse(config: RunConfig, *, json: bool, quiet: bool) -> None:
    from imgcls_automl.cli.screens import choose_screen
    from imgcls_automl.cli.summary import show_plan
    from imgcls_automl.rehearsal import rehearse

    with choose_screen(quiet=quiet) as screen:
        rehearsal = rehearse(config, screen.observe)
    show_plan(rehearsal, json=json)


def _show(
    work: Callable[[Callable[[Any], None]], RunResult],
    *,
    json: bool,
    quiet: bool,
) -> None:
    """Do the work behind a screen, then show what it came to."""
    from imgcls_automl.cli.screens import choose_screen
    from imgcls_automl.cli.summary import show_result

    with choose_screen(quiet=quiet) as screen:
        result = work(screen.observe)
    if json:
        typer.echo(json_format.dumps({"schema_version": 1, **result.to_json()}))
    else:
        show_result(result)
    result.check_gate()
