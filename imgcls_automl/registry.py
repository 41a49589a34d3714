"""Finding plugins without importing them, then loading the one that was asked for.

Discovery reads only the metadata of installed distributions, so that a broken plugin costs nobody anything who
does not use it. Loading imports the plugin's module: it happens in child processes, never in the search process.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from imgcls_automl.errors import (
    BlockedPluginError,
    BrokenPluginError,
    DuplicatePluginError,
    PluginError,
    PluginVersionError,
    UnknownPluginError,
)
from imgcls_automl.hypermodels.recognition import is_hypermodel
from imgcls_automl.plugin import API_VERSION, DatasetAdapter, SearchSpace
from imgcls_automl.plugin_filter import VARIABLE, read_filter
from imgcls_automl.text import describe_error

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["ok", "broken", "duplicate", "blocked"]

DATASETS = "imgcls_automl.datasets"
SEARCH_SPACES = "imgcls_automl.search_spaces"
EXECUTORS = "imgcls_automl.executors"  # provisional: listed, but nothing uses them yet

_KINDS = {DATASETS: "dataset adapter", SEARCH_SPACES: "search space", EXECUTORS: "executor"}
_PROTOCOLS: dict[str, Any] = {DATASETS: DatasetAdapter, SEARCH_SPACES: SearchSpace}
_METHODS = {DATASETS: "match and read", SEARCH_SPACES: "suggest and build"}
_LIST_COMMANDS = {
    DATASETS: "datasets list",
    SEARCH_SPACES: "spaces list",
    EXECUTORS: "plugins list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """One plugin as the metadata tells it; nothing of it has been imported.

    Attributes:
        name: The entry point's name, or the reference the user gave.
        group: One of the entry-point groups.
        value: `"package.module:Class"` or `"path/to/file.py:Class"`.
        distribution: The package that registers it; empty where none does.
        version: That package's version; empty where none does.
    """

    name: str
    group: str
    value: str
    distribution: str = ""
    version: str = ""

    @property
    def kind(self) -> str:
        return _KINDS[self.group]

    @property
    def origin(self) -> str:
        """`"imgcls-automl 0.1.0"`, or the reference itself for a plugin of no package."""
        return f"{self.distribution} {self.version}" if self.distribution else self.value


def discover(group: str) -> list[PluginInfo]:
    """List the plugins of a group that may be used, by name, then package. Imports none of them."""
    let_through = read_filter().lets_through
    return [info for info in discover_all(group) if let_through(info.name, info.distribution)]


def survey(group: str) -> list[tuple[PluginInfo, Status]]:
    """List all of a group's plugins with what their metadata says of them: `"ok"`, `"duplicate"` or `"blocked"`."""
    usable = discover(group)
    owners = Counter(info.name for info in usable)
    return [
        (
            info,
            "blocked" if info not in usable else "duplicate" if owners[info.name] > 1 else "ok",
        )
        for info in discover_all(group)
    ]


def discover_all(group: str) -> list[PluginInfo]:
    """List a group's plugins, those too that the user blocks."""
    # Here, because children only load what their parent has found, and it takes as long to import as all else.
    from importlib.metadata import entry_points

    found = {
        PluginInfo(
            name=point.name,
            group=group,
            value=point.value,
            distribution=point.dist.name if point.dist else "",
            version=point.dist.version if point.dist else "",
        )
        for point in entry_points(group=group)
    }
    return sorted(found, key=lambda info: (info.name, info.distribution, info.version))


def find(group: str, reference: str) -> PluginInfo:
    """Find the plugin a user named: an entry point's name, `path/to/file.py:Name` or `package.module:Name`.

    Raises:
        UnknownPluginError: No package registers the name.
        DuplicatePluginError: More than one does.
        BlockedPluginError: IMGCLS_AUTOML_PLUGINS leaves it out.
    """
    if ":" in reference:
        return PluginInfo(name=reference, group=group, value=reference)
    plugins = discover(group)
    named = [info for info in plugins if info.name == reference]
    if len(named) > 1:
        owners = " and ".join(info.origin for info in named)
        raise DuplicatePluginError(
            f"Two packages register the {named[0].kind} {reference!r}: {owners}.\n"
            f"Uninstall one, block one ({VARIABLE}=-PACKAGE), "
            f"or name the class itself: {named[0].value}"
        )
    if not named:
        _refuse_blocked(group, reference)
        raise UnknownPluginError(
            _describe_unknown(group, reference, [info.name for info in plugins])
        )
    return named[0]


def load(info: PluginInfo, options: Mapping[str, str]) -> Any:
    """Import a plugin and make it: its class called with the user's options as keyword arguments.

    Of an executor the class alone is returned: what it is made with is not fixed yet.

    Raises:
        BrokenPluginError: It cannot be imported, is no such class, refuses its options or lacks a method.
        PluginVersionError: It was written for another version of the plugin API.
    """
    plugin_class = import_class(info)
    if info.group == SEARCH_SPACES and is_hypermodel(plugin_class, options):
        from imgcls_automl.hypermodels.space import HyperModelSpace

        return HyperModelSpace(plugin_class, options)
    version = getattr(plugin_class, "api_version", API_VERSION)
    if version != API_VERSION:
        raise PluginVersionError(
            f"The {info.kind} {info.name!r} ({info.origin}) speaks plugin API {version!r}, "
            f"but this imgcls-automl speaks {API_VERSION}.\nInstall a version of it for API {API_VERSION}."
        )
    if info.group == EXECUTORS:
        return plugin_class
    try:
        plugin = plugin_class(**options)
    except PluginError:
        raise
    except Exception as error:
        given = ", ".join(f"{key}={value}" for key, value in options.items()) or "no options"
        raise BrokenPluginError(
            f"The {info.kind} {info.name!r} ({info.origin}) could not be made with {given}: {describe_error(error)}"
        ) from error
    if not isinstance(plugin, _PROTOCOLS[info.group]):
        raise BrokenPluginError(
            f"{info.value} ({info.origin}) is no {info.kind}: it needs the methods {_METHODS[info.group]}."
        )
    return plugin


def import_class(info: PluginInfo) -> Any:
    """Import what a plugin's entry point or reference names, without making it.

    Raises:
        BrokenPluginError: It cannot be imported, or is nothing that can be called.
    """
    place, _, name = info.value.rpartition(":")
    try:
        module = _import_file(Path(place)) if place.endswith(".py") else _import_module(place)
    except Exception as error:
        raise BrokenPluginError(
            f"The {info.kind} {info.name!r} ({info.origin}) cannot be imported: {describe_error(error)}"
        ) from error
    found = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found) and not is_hypermodel(found):
        raise BrokenPluginError(
            f"{place} has no class {name!r}, which {info.name!r} ({info.origin}) names."
        )
    return found


def _import_module(name: str) -> Any:
    _add_to_path(Path.cwd())
    return importlib.import_module(name)


def _add_to_path(folder: Path) -> None:
    # A module beside the user's files is found too, but never in front of an installed one.
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.append(place)


def _import_file(path: Path) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    name = f"imgcls_plugin_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    _add_to_path(path.parent)  # modules that lie beside it
    spec.loader.exec_module(module)
    return module


def _refuse_blocked(group: str, reference: str) -> None:
    for info in discover_all(group):
        if info.name == reference:
            raise BlockedPluginError(
                f"The {info.kind} {info.name!r} ({info.origin}) is blocked: "
                f"{VARIABLE} is {os.environ.get(VARIABLE)!r}.\nUnset it, or change it to let {info.name} through."
            )


def _describe_unknown(group: str, reference: str, names: list[str]) -> str:
    near = difflib.get_close_matches(reference, names, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    installed = ", ".join(dict.fromkeys(names)) or "none"
    return (
        f"There is no {_KINDS[group]} called {reference!r}.{guess}\n"
        f"Installed: {installed}. See imgcls-automl {_LIST_COMMANDS[group]}, or name a class: path/to/file.py:Name"
    )
