"""The entry point: run a command, turn what went wrong into words and an exit code."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import sys
import traceback
from typing import Annotated, Any

import typer

from imgcls_automl import __version__, errors
from imgcls_automl.cli.lasting_stderr import lasting_stderr
from imgcls_automl.text import plain_block

OK, BUG, INTERRUPTED = 0, 1, 130

# The first class that fits gives the code.
EXIT_CODES: dict[type[Exception], int] = {
    errors.InterruptedRunError: INTERRUPTED,
    errors.NoTrialSucceededError: 4,
    errors.GateNotMetError: 6,
    errors.PluginError: 5,
    errors.DatasetError: 3,
    errors.ConfigError: 2,
    typer.TyperException: 2,
}


def main() -> None:
    """Run `imgcls-automl` with the process's arguments, and end the process."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # a shell starts background jobs with it ignored
    sys.stderr = lasting_stderr()  # a broken pipe is stdout's from here on
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command line and return its exit code; errors have been told on stderr."""
    from typer.main import get_command

    try:
        code = get_command(_make_app())(arguments, prog_name="imgcls-automl", standalone_mode=False)
        sys.stdout.flush()  # here, where it is known what a closed pipe means
    except KeyboardInterrupt:
        return _tell("Interrupted.", INTERRUPTED, arguments)
    except (BrokenPipeError, SystemExit):
        # Whoever reads stdout, `head` perhaps, has seen enough; typer and rich make a SystemExit of it.
        _discard_stdout()
        return OK
    except Exception as error:
        if _is_stdout_gone(error):
            _discard_stdout()
            return OK
        return _explain(error, arguments)
    return code if isinstance(code, int) else OK


def _make_app() -> typer.Typer:
    from imgcls_automl.cli import (
        data_commands,
        doctors,
        evaluations,
        leaderboards,
        plugin_lists,
        predictions,
        searches,
    )

    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        help="Find the best image classifier your time budget buys, with the evidence.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_take_options)
    searches.add_commands(app)
    leaderboards.add_commands(app)
    predictions.add_commands(app)
    evaluations.add_commands(app)
    data_commands.add_commands(app)
    plugin_lists.add_commands(app)
    doctors.add_commands(app)
    return app


def _is_stdout_gone(error: Exception) -> bool:
    """Whether an error tells of the terminal's end, as it could of a failing disk."""
    if not isinstance(error, OSError) or error.errno != errno.EIO:
        return False
    poll = select.poll()
    poll.register(sys.stdout, select.POLLOUT)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


def _discard_stdout() -> None:
    """Give what Python still holds for stdout, and flushes as it ends, to nobody."""
    sys.stdout = sys.__stdout__ or sys.stdout
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"imgcls-automl {__version__}")
        raise typer.Exit


def _take_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options of the program itself; the callback answers before a command is missed."""


def _explain(error: Exception, arguments: list[str]) -> int:
    for kind, code in EXIT_CODES.items():
        if isinstance(error, kind):
            shown = isinstance(error, errors.GateNotMetError | errors.LeftOutError)
            return _tell(_words(error), code, arguments, shown=shown)
    lines = "".join(traceback.format_exception(error)).rstrip("\n")
    print(plain_block(lines), file=sys.stderr)  # noqa: T201
    return _tell(
        f"This is a bug in imgcls-automl, not yours: {type(error).__name__}: {error}\n"
        "The run's log.txt, where a run had begun, keeps the traceback; please report it.",
        BUG,
        arguments,
    )


def _words(error: Exception) -> str:
    if isinstance(error, typer.TyperException):
        return f"{error.format_message()}\nSee imgcls-automl --help, or --help behind a command."
    return str(error)


def _tell(message: str, code: int, arguments: list[str], *, shown: bool = False) -> int:
    """Say what went wrong: on stderr for people, and as the one JSON object where that was asked for.

    Where a result is `shown`, that is the one object on stdout.
    """
    told = plain_block(message.rstrip("\n"))
    print(f"imgcls-automl: {told}", file=sys.stderr)  # noqa: T201
    if "--json" in arguments and not shown:
        value: dict[str, Any] = {"schema_version": 1, "error": told, "exit_code": code}
        print(json.dumps(value))  # noqa: T201
    return code


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
