"""IMGCLS_AUTOML_PLUGINS: which of the installed plugins may be used, by their names or their packages'.

    IMGCLS_AUTOML_PLUGINS=folder,cnn_small       these and no others
    IMGCLS_AUTOML_PLUGINS=-acme_slides           all but this one
    IMGCLS_AUTOML_PLUGINS=imgcls-automl,-idx     all of this package but one

A name is a plugin's or that of the package that registers it. It keeps a plugin that is broken or in the way out of
everything, matching included; it is no protection from code that a user names themselves (`file.py:Name`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from imgcls_automl.errors import ConfigError

VARIABLE = "IMGCLS_AUTOML_PLUGINS"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFilter:
    """Names that are allowed, all where there is none, and names that are blocked whatever is allowed."""

    allowed: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()

    def lets_through(self, name: str, distribution: str) -> bool:
        """Whether a plugin may be used."""
        names = {_normalise(name), _normalise(distribution)}
        return not names & self.blocked and (not self.allowed or bool(names & self.allowed))


def read_filter() -> PluginFilter:
    """The filter that this process's environment asks for.

    Raises:
        ConfigError: It holds a sign without a name.
    """
    text = os.environ.get(VARIABLE, "")
    words = [word.strip() for word in text.split(",") if word.strip()]
    if "-" in words:
        raise ConfigError(
            f"{VARIABLE} must be names with commas between them, those to block with a minus in front, "
            f"but got {text!r}.\nFor example {VARIABLE}=-slides blocks the plugin slides."
        )
    return PluginFilter(
        allowed=frozenset(_normalise(word) for word in words if not word.startswith("-")),
        blocked=frozenset(_normalise(word[1:]) for word in words if word.startswith("-")),
    )


def _normalise(name: str) -> str:
    # As packages are compared: https://packaging.python.org/en/latest/specifications/name-normalization/
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
