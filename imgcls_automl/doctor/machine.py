"""Versions, terminal and disks."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from imgcls_automl import __version__
from imgcls_automl.doctor.checks import Check
from imgcls_automl.errors import ConfigError
from imgcls_automl.text import format_bytes

if TYPE_CHECKING:
    from pathlib import Path

LIBRARIES = ("keras", "tensorflow", "optuna", "numpy", "pillow", "scikit-learn")
LITTLE_ROOM = 2 * 10**9  # bytes


def check_versions() -> Check:
    """This package, Python, the system, and the libraries that results depend on."""
    found, missing = [], []
    for library in LIBRARIES:
        try:
            found.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            missing.append(library)
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    told = f"imgcls-automl {__version__}, {system}, {', '.join(found)}"
    if missing:
        names = ", ".join(missing)
        return Check(
            name="versions",
            status="problem",
            told=f"{told}; not installed: {names}",
            advice="pip install --force-reinstall imgcls-automl",
            error=ConfigError,
        )
    return Check(name="versions", status="ok", told=told)


def check_terminal() -> Check:
    """Whether names can be written as they are, and a live screen can be drawn."""
    encoding, kind = sys.stdout.encoding or "unknown", os.environ.get("TERM", "dumb")
    told = f"writes {encoding}, {shutil.get_terminal_size().columns} columns, TERM {kind}"
    if not encoding.lower().replace("-", "").startswith("utf8"):
        return Check(
            name="terminal",
            status="warning",
            told=f"{told}: names in other letters cannot be shown",
            advice="set LANG=C.UTF-8, or PYTHONUTF8=1",
        )
    if kind in ("dumb", "unknown"):
        told += "; progress comes as plain lines"
    return Check(name="terminal", status="ok", told=told)


def check_folder(name: str, folder: Path) -> Check:
    """Whether a folder, or the one that it will be made in, can be written, and how much room there is."""
    # pathlib would raise where a folder may not be looked into.
    there = next(it for it in (folder, *folder.parents) if os.path.exists(it))  # noqa: PTH110 - it never raises
    free = shutil.disk_usage(there).free
    told = f"{folder}: {format_bytes(free)} free"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        option = "--cache-dir DIR" if name == "cache" else "--out DIR"
        return Check(
            name=name,
            status="problem",
            told=f"{told}, but {there} cannot be written to",
            advice=f"change its owner or mode, or name another folder: {option}",
            error=ConfigError,
        )
    if free < LITTLE_ROOM:
        return Check(
            name=name,
            status="warning",
            told=told,
            advice="make room: imgcls-automl data cache clear removes decoded pictures",
        )
    return Check(name=name, status="ok", told=told)
