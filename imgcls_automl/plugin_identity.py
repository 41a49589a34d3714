"""What identifies a plugin between two commands: its package and version, or the content of its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.resuming import refuse_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.registry import PluginInfo


def identify_plugin(info: PluginInfo) -> dict[str, Any]:
    """A plugin as run.json holds it: `"name"`, `"origin"`, `"value"` and, of a file, its `"sha256"`.

    Only the file itself is looked at, not what it imports. A plugin that is no file and of no package has no identity.
    """
    return {
        "name": info.name,
        "origin": info.origin,
        "value": info.value,
        "sha256": None if info.distribution else _hash_file(info.value.rpartition(":")[0]),
    }


def is_same_plugin(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two records name one plugin of one version; a file may lie elsewhere."""
    if "sha256" not in before and ":" in before["origin"]:
        return True  # a file, in the record of an older version, which did not look into it
    return _state(before) == _state(now)


def refuse_changed_plugin(what: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ConfigError where a plugin is not the one, of the version, that a run began with."""
    if not is_same_plugin(before, now):
        refuse_change(what, _state(before), _state(now))


def _state(plugin: Mapping[str, Any]) -> str:
    """`"imgcls-automl 0.1.0"`, `"tiny.py:Tiny (sha256 1a2b3c4d5e6f)"`."""
    digest = plugin.get("sha256")
    if digest is None:
        return str(plugin["origin"])
    place, _, name = str(plugin["value"]).rpartition(":")
    return f"{Path(place).name}:{name} (sha256 {digest[:12]})"


def _hash_file(place: str) -> str | None:
    if not place.endswith(".py") or not Path(place).is_file():
        return None
    import hashlib

    return hashlib.sha256(Path(place).read_bytes()).hexdigest()
