"""`plugins check`: what a plugin promises, what holds, and what to change where it does not."""

from __future__ import annotations

import json as json_format
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.errors import ConfigError, PluginError
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.plugin_checks import Finding
    from imgcls_automl.registry import PluginInfo

SCHEMA_VERSION = 1

_VERBS = {"holds": "kept", "broken": "broken", "not checked": "not checked"}


def add_commands(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A name, path/to/file.py:Name or package.module:Name."),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="dataset|space", help="What it is, where that is not clear.", show_default=False
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="A small source that the adapter reads.", show_default=False
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="K=V", help="An option of the plugin's own; may be repeated."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")] = False,
) -> None:
    """Check a plugin against the contract of imgcls_automl.testing; code 5 where a promise is broken."""
    from imgcls_automl.cli.main import EXIT_CODES
    from imgcls_automl.plugin_checks import PluginCheck, check_plugin
    from imgcls_automl.plugin_kinds import find_plugin

    info = find_plugin(name, None if kind is None else check_kind(kind))
    asked = PluginCheck(info=info, options=_read_options(option), source=data)
    findings = list(check_plugin(asked))
    if json:
        typer.echo(json_format.dumps(_to_json(info, findings)))
    else:
        _show(info, findings)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(EXIT_CODES[PluginError])


def check_kind(kind: str) -> str:
    """Return `"dataset"` or `"space"`, or raise `ConfigError`."""
    from imgcls_automl.plugin_kinds import KINDS

    if kind not in KINDS:
        raise ConfigError(f"--kind must be {' or '.join(KINDS)}, but got {kind!r}.")
    return kind


def _read_options(pairs: list[str] | None) -> dict[str, str]:
    from imgcls_automl.option_values import parse_pairs

    try:
        return parse_pairs(pairs) if pairs else {}
    except ValueError as error:
        raise ConfigError(f"--option must be {error}, but got {pairs!r}.") from error


def _to_json(info: PluginInfo, findings: list[Finding]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "plugin": asdict(info),
        "holds": not any(finding.state == "broken" for finding in findings),
        "findings": [asdict(finding) for finding in findings],
    }


def _show(info: PluginInfo, findings: list[Finding]) -> None:
    from imgcls_automl.cli.tables import show_table

    owner = f" ({info.origin})" if info.distribution else ""
    typer.echo(plain(f"The {info.kind} {info.name}{owner}") + "\n")
    show_table(("state", "promise"), [(finding.state, finding.promise) for finding in findings])
    told: set[str] = set()  # of what breaks several promises at once, once is enough
    for finding in findings:
        if finding.detail and finding.detail not in told:
            told.add(finding.detail)
            typer.echo(f"\n{finding.state}: {finding.promise}")
            for line in finding.detail.splitlines():
                typer.echo(f"  {plain(line)}")
    counts = Counter(finding.state for finding in findings)
    typer.echo("\n" + ", ".join(f"{count} {_VERBS[state]}" for state, count in counts.items()))
