"""Which folders of a tree are classes, and which are splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._folder_tree import list_folder
from imgcls_plugins._wording import as_text, listed, printable

if TYPE_CHECKING:
    from imgcls_plugins._folder_tree import Listing

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFolder:
    """A folder whose pictures, at any depth, are of one class.

    Attributes:
        path: Where it is.
        id_prefix: Its path relative to the source, as valid text.
        label: The name of the class.
        split: What the folder around it states; None where it states nothing.
    """

    path: Path
    id_prefix: str
    label: str
    split: str | None


def find_class_folders(root: Path, limit: int | None = None) -> list[ClassFolder]:
    """Find the class folders of a tree, by split and name, looking at `limit` entries a folder.

    A folder with a split's name is a split if it holds folders and no picture of its own; with
    pictures and no folders it is a class like any other.

    Raises:
        DatasetError: Folders are missing, cannot be read, or leave open whether they are splits or
            classes.
    """
    try:
        top = list_folder(root, limit)
        splits = _find_splits(root, top, limit)
        if splits:
            return _classes_in_splits(root, splits)
        if not top.folders:
            raise DatasetError(_describe_flat(root, top))
        _refuse_wrapping(root, top, limit)
    except OSError as error:
        raise DatasetError(
            f"{printable(str(error.filename))} cannot be read: {error.strerror}.\n"
            "Check its permissions, or move it out of the data."
        ) from error
    return [_class_folder(root, name, split=None) for name in top.folders]


def _find_splits(root: Path, top: Listing, limit: int | None) -> dict[str, Listing]:
    """The listings of the split folders, train first; none where the tree has only classes."""
    named = {
        name: list_folder(root / name, limit)
        for name in sorted(top.folders, key=_split_order)
        if name.lower() in SPLIT_NAMES
    }
    splits = {
        name: listing for name, listing in named.items() if listing.folders and not listing.pictures
    }
    mixed = [name for name, listing in named.items() if listing.folders and listing.pictures]
    has_train = any(SPLIT_NAMES[name.lower()] == "train" for name in (*splits, *mixed))
    if not has_train and len(splits) + len(mixed) < len(top.folders):
        return {}  # a class that happens to be called "test", among others
    if mixed:
        stray = printable(f"{mixed[0]}/{named[mixed[0]].pictures[0]}")
        raise DatasetError(
            f"{printable(str(root / mixed[0]))} holds folders and pictures ({stray}): it can be a "
            "split or a class, not both.\n"
            "Move the pictures into a class folder, or rename the folder."
        )
    if splits:
        others = [name for name in top.folders if name not in splits]
        _refuse_classes_beside_splits(root, list(splits), others, limit)
    return splits


def _refuse_classes_beside_splits(
    root: Path, splits: list[str], others: list[str], limit: int | None
) -> None:
    for other in others:
        if not _seems_to_hold_pictures(root / other, limit):
            continue  # documents and tables may lie beside the splits
        name, place, split = printable(other), printable(str(root)), printable(splits[0])
        if other.lower() in SPLIT_NAMES:
            raise DatasetError(
                f"{printable(str(root / other))} holds pictures directly, but {split} beside it "
                f"holds class folders.\nSort them into class folders too ({name}/cats/1.jpg), or "
                f"move {name} out of {place}: pictures without a class are for predict."
            )
        raise DatasetError(
            f"{place} holds split folders ({listed(splits)}), and beside them {name} with pictures "
            f"that belong to none.\nMove it into a split ({split}/{name}) or out of {place}; "
            "a class called like a split needs another name."
        )


def _seems_to_hold_pictures(folder: Path, limit: int | None) -> bool:
    """Look two levels deep."""
    listing = list_folder(folder, limit)
    below = (list_folder(folder / name, limit).pictures for name in listing.folders)
    return bool(listing.pictures) or any(below)


def _split_order(name: str) -> tuple[int, str]:
    """Train before validation before test, then any other folder."""
    order = list(SPLIT_NAMES.values())
    split = SPLIT_NAMES.get(name.lower())
    return (order.index(split) if split else len(order)), name


def _classes_in_splits(root: Path, splits: dict[str, Listing]) -> list[ClassFolder]:
    return [
        _class_folder(root, f"{name}/{class_name}", split=SPLIT_NAMES[name.lower()])
        for name, listing in splits.items()
        for class_name in listing.folders
    ]


def _class_folder(root: Path, relative: str, split: str | None) -> ClassFolder:
    path = root / relative
    return ClassFolder(
        path=path, id_prefix=as_text(relative), label=as_text(path.name), split=split
    )


def _describe_flat(root: Path, top: Listing) -> str:
    if top.pictures:
        found = f"{len(top.pictures):,} pictures ({listed(top.pictures, 1)}) but no class folders"
    elif top.foreign:
        found = (
            f"{len(top.foreign):,} pictures in formats that are not read ({listed(top.foreign, 1)})"
        )
    elif top.others:
        found = f"{len(top.others):,} files that are no pictures, and no class folders"
    else:
        found = "no pictures and no folders"
    return f"{printable(str(root))} holds {found}.\n{describe_wanted(root)}"


def describe_wanted(root: Path) -> str:
    """The layouts that can be read, shown with the user's own folder."""
    name = printable(root.name or "data", 60)
    return (
        f"Wanted: a folder for each class ({name}/cats/1.jpg), or train, validation and test "
        f"folders of them ({name}/train/cats/1.jpg)."
    )


def _refuse_wrapping(root: Path, top: Listing, limit: int | None) -> None:
    """An archive unpacked into a folder of its own: its one folder is no class."""
    if len(top.folders) != 1 or top.pictures:
        return
    inner = root / top.folders[0]
    listing = list_folder(inner, limit)
    filled = [name for name in listing.folders if list_folder(inner / name, limit).pictures]
    if not listing.pictures and len(filled) > 1:
        raise DatasetError(
            f"{printable(str(root))} holds one folder, and the class folders lie in that "
            f"({listed(filled)}).\nGive it as the data: {printable(str(inner))}"
        )
