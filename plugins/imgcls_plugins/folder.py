"""Pictures in class folders, with or without train, validation and test folders around them."""

from __future__ import annotations

import os
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imgcls_automl.plugin import DatasetError, Match, Problem, Sample
from imgcls_plugins._folder_layout import ClassFolder, describe_wanted, find_class_folders
from imgcls_plugins._folder_tree import FORMATS, list_folder, suffix_of, walk_pictures
from imgcls_plugins._item_hash import file_state, hash_states
from imgcls_plugins._other_files import OtherFiles, describe_kinds
from imgcls_plugins._signatures import find_format
from imgcls_plugins._wording import as_text, listed, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_ENTRIES = 1_000  # of a folder, while matching
_LOOK_FOLDERS = 10  # class folders looked into, while matching


class _Picture(NamedTuple):
    """A picture that was found: what its sample is made of, and its fingerprint, which needs no `Path`."""

    id: str
    label: str
    split: str | None
    place: str


class Folder:
    """A tree of class folders.

    Pictures are JPEG, PNG, BMP, GIF, WEBP and TIFF files, by their suffix or, with any other or
    none, by their first bytes, anywhere below their class folder; ids are their paths relative to
    the source (`"train/cats/1.jpg"`). Hidden names and what operating systems leave behind are
    passed over; other files that are no pictures are told of in one problem with which none is lost.
    """

    def match(self, source: str) -> Match | None:
        root = Path(source)
        if not os.path.isdir(root):  # noqa: PTH112 - Path.is_dir raises where a parent is closed
            return None
        # Any folder is ours if nobody else claims it: read() then says what is missing in it.
        anything = Match(0.05, "a folder")
        try:
            classes = find_class_folders(root, _LOOK_ENTRIES)
            formats = _formats_in(classes)
        except (DatasetError, OSError):
            return anything
        if not formats:
            return anything
        return _describe_match(classes, " and ".join(formats))

    def read(self, source: str) -> Iterator[Sample | Problem]:
        """Yield a sample for each picture, by split, class, folder and name; `image` is its path.

        Yields a problem for a folder that cannot be read or holds no picture, for a picture that is
        no regular file or of a format that is not read, and for pictures beside the class folders;
        at last one, with which no picture is lost, for all files that are not known as pictures.

        Raises:
            DatasetError: There is no such folder, no class folder or no picture; or splits and
                classes are mixed.
        """
        for item in _survey(source):
            yield item if isinstance(item, Problem) else _sample_of(item)

    def fingerprint(self, source: str) -> str:
        """A hash over what `read` yields and over each picture's size and times, not its content.

        Raises:
            DatasetError: As `read` does.
        """
        return f"folder-2-{hash_states(map(_state_of, _survey(source)))}"


def _survey(source: str) -> Iterator[_Picture | Problem]:
    root = _existing_folder(source)
    classes = find_class_folders(root)
    yield from _strays(root)
    pictures, first_problem, others = 0, None, OtherFiles()
    for folder in classes:
        for item in _survey_class(folder, root, others):
            yield item
            if isinstance(item, Problem):
                first_problem = first_problem or item
            else:
                pictures += 1
    if not pictures:
        raise DatasetError(_describe_nothing(root, classes, first_problem))
    told = others.tell()
    if told:
        yield told


def _sample_of(picture: _Picture) -> Sample:
    image = Path(picture.place)
    return Sample(id=picture.id, image=image, label=picture.label, split=picture.split)


def _state_of(item: _Picture | Problem) -> tuple[object, ...]:
    if isinstance(item, Problem):
        return (item.id, item.detail)
    return (item.id, item.label, item.split, None, item.place, *file_state(item.place))


def _existing_folder(source: str) -> Path:
    root = Path(source)
    try:
        mode = root.stat().st_mode
    except FileNotFoundError:
        raise DatasetError(
            f"There is no folder {printable(source)}.\nCheck the path given as the data."
        ) from None
    except OSError as error:
        raise DatasetError(
            f"{printable(source)} cannot be read: {error.strerror}.\nCheck its permissions."
        ) from error
    if not stat.S_ISDIR(mode):
        raise DatasetError(
            f"{printable(source)} is a file, not a folder.\n{describe_wanted(Path('pictures'))}"
        )
    return root


def _survey_class(
    folder: ClassFolder, root: Path, others: OtherFiles
) -> Iterator[_Picture | Problem]:
    empty = True
    for found in walk_pictures(folder.path, folder.id_prefix, root):
        if not found.is_picture:
            others.add(found.id)
            continue
        empty = False
        if found.problem is not None:
            yield Problem(id=found.id, detail=found.problem)
        else:
            yield _Picture(found.id, folder.label, folder.split, found.place)
    if empty:
        yield Problem(id=f"{folder.id_prefix}/", detail=_describe_empty(folder))


def _strays(root: Path) -> Iterator[Problem]:
    listing = list_folder(root)
    for name in sorted(listing.pictures + listing.foreign):
        yield Problem(
            id=as_text(name), detail="the picture lies beside the class folders, so it has no class"
        )


def _formats_in(classes: list[ClassFolder]) -> list[str]:
    formats = Counter(
        FORMATS.get(suffix_of(name)) or find_format(f"{folder.path}/{name}")
        for folder in classes[:_LOOK_FOLDERS]
        for name in list_folder(folder.path, _LOOK_ENTRIES // _LOOK_FOLDERS).pictures
    )
    return [found for found, _ in formats.most_common() if found]


def _describe_match(classes: list[ClassFolder], formats: str) -> Match:
    count = len({folder.label for folder in classes})
    splits = list(dict.fromkeys(folder.split for folder in classes if folder.split))
    shown = f"{count:,}" if count < _LOOK_ENTRIES else f"at least {count:,}"
    holding = f"{shown} class folder{'s' if count > 1 else ''} holding {formats} files"
    if splits:
        return Match(0.7, f"a folder split into {listed(splits)}, with {holding}")
    return Match(0.6, f"a folder of {holding}")


def _describe_empty(folder: ClassFolder) -> str:
    kinds = Counter(suffix_of(as_text(name)) for name in list_folder(folder.path).others)
    return "the class folder holds no picture" + (
        f" (but {describe_kinds(kinds)})" if kinds else ""
    )


def _describe_nothing(root: Path, classes: list[ClassFolder], problem: Problem | None) -> str:
    names = listed([folder.label for folder in classes])
    example = f" {printable(problem.id)}: {printable(problem.detail)}." if problem else ""
    return (
        f"{printable(str(root))} has class folders ({names}) but no picture to read.{example}\n"
        f"Pictures are {', '.join(dict.fromkeys(FORMATS.values()))} files, by their suffix "
        "or their first bytes. "
        f"{describe_wanted(root)}"
    )
