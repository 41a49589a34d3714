"""`spaces list`, `datasets list` and `plugins list`: what is installed, told from metadata alone."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.errors import ConfigError
from imgcls_automl.registry import DATASETS, EXECUTORS, SEARCH_SPACES, PluginInfo, Status, survey
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.plugin_loading import Loaded

SCHEMA_VERSION = 1


FORMATS = ("table", "json", "requirements")

Json = Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")]
Load = Annotated[
    bool,
    typer.Option(
        "--load",
        help="Import each in a child process: whether it works, its API version, its time.",
    ),
]
Form = Annotated[str, typer.Option("--format", metavar="|".join(FORMATS), help="How to show them.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPlugin:
    """One line of the list; `loaded` where it was asked for and metadata had no objection."""

    info: PluginInfo
    status: Status
    loaded: Loaded | None = None

    def to_json(self) -> dict[str, Any]:
        """It as JSON values."""
        told = {**asdict(self.info), "status": self.status}
        return told if self.loaded is None else told | asdict(self.loaded)


def add_commands(app: typer.Typer) -> None:
    from imgcls_automl.cli import new_plugins, plugin_checks, space_outlines

    for name, groups, what in (
        ("spaces", (SEARCH_SPACES,), "search spaces"),
        ("datasets", (DATASETS,), "dataset adapters"),
        ("plugins", (DATASETS, SEARCH_SPACES, EXECUTORS), "plugins"),
    ):
        group = _make_list(groups, what)
        if name == "plugins":
            plugin_checks.add_commands(group)
            new_plugins.add_commands(group)
        if name == "spaces":
            space_outlines.add_commands(group)
        app.add_typer(group, name=name, help=f"The installed {what}.")


def _make_list(groups: tuple[str, ...], what: str) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

    @app.callback()
    def group() -> None:
        """Keeps `list` a command of its own, whatever else joins it."""

    @app.command("list", help=f"List the installed {what}; imports none of them without --load.")
    def list_plugins(load: Load = False, form: Form = "table", json: Json = False) -> None:
        if form not in FORMATS:
            raise ConfigError(f"--format must be one of {', '.join(FORMATS)}, but got {form!r}.")
        plugins = [
            _look_at(info, status, load=load) for group in groups for info, status in survey(group)
        ]
        show_plugins(plugins, "json" if json else form)

    return app


def show_plugins(plugins: list[ListedPlugin], form: str) -> None:
    """Print plugins and what is known of them."""
    if form == "json":
        rows = [plugin.to_json() for plugin in plugins]
        typer.echo(json_format.dumps({"schema_version": SCHEMA_VERSION, "plugins": rows}))
    elif form == "requirements":
        owners = {(it.info.distribution, it.info.version) for it in plugins}
        for distribution, version in sorted(owners):
            typer.echo(plain(f"{distribution}=={version}"))
    else:
        _show_table(plugins)


def _look_at(info: PluginInfo, status: Status, *, load: bool) -> ListedPlugin:
    if not load or status == "blocked":
        return ListedPlugin(info=info, status=status)
    from imgcls_automl.plugin_loading import try_loading

    loaded = try_loading(info, {})
    return ListedPlugin(info=info, status="broken" if loaded.cause else status, loaded=loaded)


def _show_table(plugins: list[ListedPlugin]) -> None:
    from imgcls_automl.cli.tables import show_table

    columns = ["name", "kind", "package", "version", "status"]
    rows = [
        [it.info.name, it.info.kind, it.info.distribution, it.info.version, it.status]
        for it in plugins
    ]
    if any(it.loaded for it in plugins):
        columns += ["api", "seconds"]
        rows = [[*row, *_describe(it.loaded)] for row, it in zip(rows, plugins, strict=True)]
    show_table(
        [*columns, "class"],
        [[*row, it.info.value] for row, it in zip(rows, plugins, strict=True)],
        wide=True,
    )
    for it in plugins:
        if it.loaded and it.loaded.cause:
            typer.echo("\n" + plain(f"{it.info.name} ({it.info.origin}): {it.loaded.cause}"))


def _describe(loaded: Loaded | None) -> tuple[str, str]:
    if loaded is None:
        return "", ""
    version = "" if loaded.api_version is None else str(loaded.api_version)
    return version, "" if loaded.seconds is None else f"{loaded.seconds:.2f}"
