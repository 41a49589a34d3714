"""Writing the package of a new plugin from the files of `plugin_templates`."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from imgcls_automl import __version__
from imgcls_automl.errors import ConfigError
from imgcls_automl.plugin_kinds import KINDS
from imgcls_automl.registry import DATASETS, discover_all

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

LONGEST_NAME = 40
_SUFFIX = ".template"
_OURS = ("automl", "plugins", "search_spaces")  # imgcls_<name> is taken by a package of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlugin:
    """A plugin to be written.

    Attributes:
        name: Of its entry point: lower-case letters, digits and underscores.
        kind: `"dataset"` or `"space"`.

    Raises:
        ConfigError: The name cannot be one, or is taken.
    """

    name: str
    kind: str

    def __post_init__(self) -> None:
        fits = re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", self.name, re.ASCII)
        if not fits or len(self.name) > LONGEST_NAME or keyword.iskeyword(self.name):
            raise ConfigError(
                f"A plugin's name must be lower-case letters, digits and single underscores, at most {LONGEST_NAME}, "
                f"but got {self.name!r}.\nFor example: label_file"
            )
        owners = [it.origin for it in discover_all(KINDS[self.kind]) if it.name == self.name]
        if owners or self.name in _OURS:
            owner = owners[0] if owners else f"imgcls_{self.name} is a package of imgcls-automl"
            raise ConfigError(f"The name {self.name!r} is taken: {owner}.\nChoose another.")

    @property
    def distribution(self) -> str:
        """What pip calls the package."""
        return f"imgcls-{self.name.replace('_', '-')}"

    @property
    def words(self) -> dict[str, str]:
        """What the templates' placeholders stand for."""
        is_dataset = KINDS[self.kind] == DATASETS
        return {
            "name": self.name,
            "distribution": self.distribution,
            "package": f"imgcls_{self.name}",
            "module": "adapter" if is_dataset else "space",
            "class_name": "".join(part.capitalize() for part in self.name.split("_")),
            "what": "dataset adapter" if is_dataset else "search space",
            "group": KINDS[self.kind],
            "core_version": __version__,
            "year": str(datetime.now(UTC).year),
        }


def write_package(plugin: NewPlugin, parent: Path) -> Path:
    """Write a plugin's package into a new folder, and return that folder.

    Args:
        plugin: What to write.
        parent: The folder that the package's folder is made in.

    Raises:
        ConfigError: The package's folder is there already, or cannot be made.
    """
    folder = parent / plugin.distribution
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError(
            f"{folder} exists already, and nothing in it is touched.\nRemove it, or name another folder: --to DIR"
        ) from None
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made: {error.strerror}.") from error
    templates = resources.files("imgcls_automl") / "plugin_templates"
    for part in ("shared", plugin.kind):
        _write_folder(templates / part, folder, plugin.words)
    return folder


def _write_folder(template: Traversable, folder: Path, words: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for entry in template.iterdir():
        name = entry.name.removesuffix(_SUFFIX)
        # Stored without their dot, lest the tools that build this package obey or skip them.
        place = folder / (name if name != "package" else words["package"]).replace("dot_", ".", 1)
        if entry.is_dir():
            _write_folder(entry, place, words)
        else:
            text = Template(entry.read_text(encoding="utf-8")).substitute(words)
            place.write_text(text, encoding="utf-8")
