"""The option that names the classes which whole-number labels stand for."""

from __future__ import annotations

from imgcls_automl.plugin import PluginError
from imgcls_plugins._wording import quoted


def parse_names(text: str) -> tuple[str, ...]:
    """Read `"cat,dog"`. Raises PluginError where a name is empty or there twice."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise PluginError(
            "--data-option names must be different names between commas (names=cat,dog), "
            f"but got {quoted(text, 80)}."
        )
    return names
