"""Pictures in folders at any depth, as prediction finds them: no classes are needed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.opening import SUFFIXES
from imgcls_automl.data.pace import Pace
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from imgcls_automl.data.reading import Report
    from imgcls_automl.data.spool import Reference

PICTURE_SUFFIXES = frozenset(SUFFIXES)
# What systems leave behind among people's pictures, besides hidden names. @eaDir holds thumbnails.
_JUNK = {"__macosx", "@eadir", "lost+found", "$recycle.bin"}
_LOOKS_ESCAPED = re.compile(r"\\x[89a-f][0-9a-f]")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture to predict: its name, its label where the source states one, and where it lies."""

    id: str
    label: str | None
    reference: Reference


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture that cannot be predicted, and why."""

    id: str
    detail: str


def walk_pictures(
    root: str, class_names: frozenset[str], report: Report
) -> tuple[list[Picture], list[LeftOut]]:
    """All picture files at any depth; the innermost folder called like a class is the label."""
    closed: list[OSError] = []
    pictures: list[Picture] = []
    pace = Pace()
    for place, names in _walk_folders(root, closed):
        if pace.is_due():
            report(IngestProgress(stage="reading", done=len(pictures), total=None))
        inside = (_decode_name(it) for it in reversed(Path(place).relative_to(root).parts))
        label = next((folder for folder in inside if folder in class_names), None)
        for name in names:
            if not _is_hidden(name) and Path(name).suffix.lower() in PICTURE_SUFFIXES:
                path = Path(place, name)
                pictures.append(Picture(str(path), label, path))
    if not pictures and not closed:
        raise DatasetError(
            f"There is no picture in the folder {root}, at any depth.\n"
            f"Pictures are files with these suffixes: {', '.join(sorted(PICTURE_SUFFIXES))}. "
            "For anything else name an adapter: --adapter"
        )
    return pictures, [
        LeftOut(f"{error.filename}/", f"the folder cannot be read: {error.strerror}")
        for error in closed
    ]


def _walk_folders(root: str, closed: list[OSError]) -> Iterator[tuple[str, list[str]]]:
    """Each folder once, links followed, with the sorted names of its files; errors go to `closed`."""
    entered: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(root, followlinks=True, onerror=closed.append):
        status = os.stat(place)  # noqa: PTH116 - a Path each is slow
        if (status.st_dev, status.st_ino) in entered:  # a link back up the tree
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        yield place, sorted(names)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _JUNK


def _decode_name(name: str) -> str:
    """As class folders are named in training: bytes that are no UTF-8 become escapes, one text a name."""
    encoded = os.fsencode(name)
    text = encoded.decode("utf-8", "backslashreplace")
    if not _LOOKS_ESCAPED.search(text):
        return text
    return encoded.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
