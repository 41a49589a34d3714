"""What lies in a folder: pictures, further folders, and what is passed over."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_plugins._signatures import find_format
from imgcls_plugins._wording import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    ".png": "PNG",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".webp": "WEBP",
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
}

# Pictures that are not read: left out as no pictures, half of somebody's data would be missing.
# Camera raws and Photoshop files are not among them: they lie beside the JPEG of the same picture.
FOREIGN = frozenset(
    (
        ".heic",
        ".heif",
        ".avif",
        ".jxl",
        ".jp2",
        ".j2k",
        ".tga",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".dcm",
    )
)

# Camera raws that begin like TIFF files; their first picture is but a small preview.
_RAWS = frozenset(
    (
        *(".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef"),
        *(".mos", ".nef", ".nrw", ".pef", ".rw2", ".sr2", ".srf", ".srw"),
    )
)

# What systems leave behind among people's pictures, besides hidden names. @eaDir holds thumbnails.
_JUNK = {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "lost+found", "$recycle.bin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The entries of one folder, each list sorted by name.

    Attributes:
        folders: Folders, and links to folders.
        pictures: Regular files, and links to some, with the suffix of a picture; those without one
            that begin as a picture does.
        irregular: Names of pictures that are no regular file.
        foreign: Other files with the suffix of a picture of another format.
        others: All that is left: what is not known as a picture.
    """

    folders: list[str]
    pictures: list[str]
    irregular: list[str]
    foreign: list[str]
    others: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that a walk came upon.

    Attributes:
        id: The path relative to the source, with slashes, as valid text.
        place: Where it is; a text, since a Path each would take longer than all the rest of a walk.
        problem: Why it cannot be had; None for a picture, and for what is none.
        is_picture: Whether it is one, as far as its name or its first bytes tell.
    """

    id: str
    place: str
    problem: str | None = None
    is_picture: bool = True


def list_folder(folder: str | Path, limit: int | None = None) -> Listing:
    """List a folder, or its first `limit` entries in no particular order. Raises OSError."""
    folders: list[str] = []
    pictures: list[str] = []
    irregular: list[str] = []
    foreign: list[str] = []
    others: list[str] = []
    with os.scandir(folder) as entries:
        for entry in itertools.islice(entries, limit):
            if entry.name.startswith(".") or entry.name.lower() in _JUNK:
                continue
            suffix = suffix_of(entry.name)
            kind = _kind_of(entry)
            if kind == "folder":
                folders.append(entry.name)
            elif suffix in FORMATS:
                (pictures if kind == "file" else irregular).append(entry.name)
            elif kind == "file" and suffix not in _RAWS and find_format(entry.path):
                pictures.append(entry.name)
            else:
                (foreign if suffix in FOREIGN else others).append(entry.name)
    for names in (folders, pictures, irregular, foreign, others):
        names.sort()
    return Listing(
        folders=folders, pictures=pictures, irregular=irregular, foreign=foreign, others=others
    )


def suffix_of(name: str) -> str:
    """A file's suffix in lower case, `".jpg"`; empty where it has none."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path each is slow


def walk_pictures(folder: Path, id_prefix: str, root: Path) -> Iterator[Found]:
    """Find every picture anywhere below a folder, and every file that is none.

    A folder's own come first, then those of its folders.

    Links to folders are followed, but each folder is entered once, and none that `root` lies in: no
    loops.
    """
    entered = {_identity(parent) for parent in (root.resolve(), *root.resolve().parents)}
    waiting = [(str(folder), id_prefix)]
    while waiting:  # not recursive: paths may be nested deeper than Python's stack
        place, prefix = waiting.pop()
        try:
            identity = _identity(place)
            if identity in entered:
                continue
            entered.add(identity)
            listing = list_folder(place)
        except OSError as error:
            problem = f"the folder cannot be read: {error.strerror}"
            yield Found(id=f"{prefix}/", place=place, problem=problem)
            continue
        yield from _found_in(listing, place, prefix)
        below = (
            (f"{place}/{name}", f"{prefix}/{as_text(name)}") for name in reversed(listing.folders)
        )
        waiting.extend(below)


def _found_in(listing: Listing, place: str, prefix: str) -> Iterator[Found]:
    def tell(name: str, problem: str | None = None) -> Found:
        return Found(id=f"{prefix}/{as_text(name)}", place=f"{place}/{name}", problem=problem)

    for name in listing.pictures:
        yield tell(name)
    for name in listing.irregular:
        yield tell(name, "no regular file: a broken link, a pipe or a device")
    for name in listing.foreign:
        suffix = Path(name).suffix
        yield tell(name, f"{suffix} is a format that is not read; save it as PNG or JPEG")
    for name in listing.others:
        yield Found(id=f"{prefix}/{as_text(name)}", place=f"{place}/{name}", is_picture=False)


def _kind_of(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_dir():
            return "folder"
        return "file" if entry.is_file() else "other"
    except OSError:  # a link to itself, a stale network mount
        return "other"


def _identity(place: str | Path) -> tuple[int, int]:
    status = os.stat(place)  # noqa: PTH116 - a Path each is slow
    return status.st_dev, status.st_ino
