"""The JSON documents of a run folder, read with their schema_version checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import RunFolderError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 1


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object of ours.

    Raises:
        RunFolderError: It cannot be read, is no JSON object, or a newer version wrote it.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(value, dict):
        raise damaged(path, f"it holds a {type(value).__name__}, not an object")
    version = value.get("schema_version", SCHEMA_VERSION)
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise RunFolderError(
            f"{path} has schema_version {version!r}, but this imgcls-automl "
            f"reads up to {SCHEMA_VERSION}.\n"
            "A newer version wrote it: upgrade with pip install -U imgcls-automl."
        )
    return value


def damaged(path: Path, what: str) -> RunFolderError:
    """Make the error for a file of a run folder that cannot be used."""
    return RunFolderError(
        f"{path} is damaged: {what}.\n"
        "Restore the file from a copy, or search again into a new folder."
    )


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
