"""What identifies a plugin between two commands: its package and version, the content of its source file."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.resuming import refuse_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec

    from imgcls_automl.registry import PluginInfo


def identify_plugin(info: PluginInfo) -> dict[str, Any]:
    """A plugin as run.json holds it: `"name"`, `"origin"`, `"value"` and its source file's `"sha256"`.

    Only the file itself is looked at, not what it imports; nothing is imported. Of an installed package the version
    says enough, unless it is installed editable: then its version stays while its files change.
    """
    place = info.value.rpartition(":")[0]
    is_fixed = bool(info.distribution) and not _is_editable(info.distribution)
    source = None if is_fixed else _find_source(place)
    return {
        "name": info.name,
        "origin": info.origin,
        "value": info.value,
        "sha256": None if source is None else _hash_file(source),
    }


def is_same_plugin(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two records name one plugin of one version; a file may lie elsewhere."""
    in_package = ":" not in before["origin"]
    if before.get("sha256") is None and not in_package:
        return True  # in the record of an older version, which did not look into it
    if in_package and None in (before.get("sha256"), now.get("sha256")):
        return bool(before["origin"] == now["origin"])
    return _state(before) == _state(now)


def refuse_changed_plugin(what: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ConfigError where a plugin is not the one, of the version, that a run began with."""
    if not is_same_plugin(before, now):
        refuse_change(what, _state(before), _state(now))


def _state(plugin: Mapping[str, Any]) -> str:
    """`"imgcls-automl 0.1.0"`, `"tiny.py:Tiny (sha256 1a2b3c4d5e6f)"`."""
    origin, digest = str(plugin["origin"]), plugin.get("sha256")
    place, colon, name = origin.rpartition(":")
    if colon:
        origin = f"{Path(place).name}:{name}"
    return origin if digest is None else f"{origin} (sha256 {digest[:12]})"


def _is_editable(distribution: str) -> bool:
    """Whether a package is used from its source folder, as installers note it (PEP 610)."""
    import json
    from importlib import metadata

    try:
        noted = metadata.distribution(distribution).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return False
    return noted is not None and bool(json.loads(noted).get("dir_info", {}).get("editable"))


def _find_source(place: str) -> Path | None:
    """The file of `path/to/file.py`, or of `package.module` as a worker would import it; None where there is none."""
    path = Path(place) if place.endswith(".py") else _find_module(place)
    return path if path is not None and path.is_file() else None


def _find_module(name: str) -> Path | None:
    """Look a module up part by part: `importlib.util.find_spec` would run the packages around it."""
    places: Sequence[str] | None = None
    spec = None
    for end in (at for at, letter in enumerate(f"{name}.") if letter == "."):
        spec = _ask_finders(name[:end], places)
        if spec is None:
            return None
        places = spec.submodule_search_locations or []
    origin = spec.origin if spec else None
    return Path(origin) if origin is not None and origin.endswith(".py") else None


def _ask_finders(name: str, places: Sequence[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:  # editable packages may add their own
        spec = finder.find_spec(name, places)
        if spec is not None:
            return spec
    return PathFinder.find_spec(name, [str(Path.cwd())]) if places is None else None


def _hash_file(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
