"""Which arrays of an archive are pictures and which their labels, told by their names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._npz_arrays import StoredArray, list_names, open_array
from imgcls_plugins._wording import listed, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASS_NAMES = "class_names"

_SPLIT_WORDS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test",),
}
_PLAIN_NAMES = (("images", "labels"), ("x", "y"))
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Pictures that belong together.

    Attributes:
        images: Of shape (N, H, W) or (N, H, W, C).
        labels: Of shape (N,) or (N, 1); None where there are none.
        split: What their names state; None where they state nothing.
    """

    images: StoredArray
    labels: StoredArray | None
    split: str | None


def find_parts(path: Path, images: str | None, labels: str | None) -> list[Part]:
    """Find the pictures of an archive and their labels; reads the headers of arrays only.

    Args:
        path: The archive.
        images: The name of the pictures' array; None for the usual ones, x_train before images.
        labels: The name of the labels' array, as above.

    Raises:
        DatasetError: No array has such a name, or one has a shape that is none of pictures.
    """
    names = list_names(path)
    parts = [
        Part(
            images=open_array(path, pictures),
            labels=open_array(path, their_labels) if their_labels else None,
            split=split,
        )
        for pictures, their_labels, split in _find_names(path, names, images, labels)
    ]
    for part in parts:
        _check_images(part.images)
        _check_labels(part)
    _refuse_lost_labels(parts)
    return parts


def _find_names(
    path: Path, names: list[str], images: str | None, labels: str | None
) -> list[tuple[str, str | None, str | None]]:
    if images is not None or labels is not None:
        return [(*_given_names(path, names, images, labels), None)]
    known = {name.lower(): name for name in names}
    for usual in (_split_names(), _plain_names()):
        found = [
            (known[image], known.get(label), split)
            for image, label, split in usual
            if image in known
        ]
        if found:
            return found
    raise DatasetError(
        f"{printable(str(path))} has no array called x_train or images; it has {_list(names)}.\n"
        "Say which holds what: --data-option images=NAME --data-option labels=NAME"
    )


def _given_names(
    path: Path, names: list[str], images: str | None, labels: str | None
) -> tuple[str, str | None]:
    if images is None:
        raise DatasetError(
            f"--data-option labels={printable(labels or '')} needs images=NAME beside it.\n"
            f"The arrays of {printable(str(path))} are {_list(names)}."
        )
    for option, name in (("images", images), ("labels", labels)):
        if name and name not in names:
            raise DatasetError(
                f"{printable(str(path))} has no array called {quoted(name)}; it has {_list(names)}."
                f"\nCorrect --data-option {option}=NAME, or leave it out."
            )
    return images, labels or None


def _split_names() -> Iterator[tuple[str, str, str]]:
    for split, words in _SPLIT_WORDS.items():
        for word in words:
            yield f"x_{word}", f"y_{word}", split
            yield f"{word}_images", f"{word}_labels", split
            yield f"{word}_x", f"{word}_y", split


def _plain_names() -> Iterator[tuple[str, str, None]]:
    for images, labels in _PLAIN_NAMES:
        yield images, labels, None


def _check_images(array: StoredArray) -> None:
    shape = array.shape
    what = f"{array.describe()} has the shape {shape}"
    wanted = "Pictures are (N, H, W) or (N, H, W, C) with 1, 3 or 4 channels"
    if array.dtype.kind not in "buif":
        raise DatasetError(
            f"{array.describe()} holds {array.dtype}, which are no pixels.\n"
            "Pictures are arrays of uint8, uint16, or floats 0-1 or 0-255."
        )
    if len(shape) == 4 and shape[1] in _CHANNELS:
        raise DatasetError(
            f"{what}: the channels seem to come before height and width.\n{wanted}: "
            f"np.moveaxis({printable(array.name, 40)}, 1, -1) brings them last."
        )
    if len(shape) == 2:
        raise DatasetError(
            f"{what}: each picture is a row of {shape[1]:,} pixels.\n{wanted}: "
            f"give them their shape, {printable(array.name, 40)}.reshape(-1, H, W)."
        )
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in _CHANNELS):
        raise DatasetError(f"{what}.\n{wanted}.")
    if 0 in shape:
        raise DatasetError(f"{what}: there is no picture in it.\n{wanted}.")


def _check_labels(part: Part) -> None:
    labels = part.labels
    if labels is None:
        return
    if labels.shape[1:] not in ((), (1,)):
        raise DatasetError(
            f"{labels.describe()} has the shape {labels.shape}, but there is to be one label a "
            "picture, (N,).\nOf a column for each class take the largest: "
            f"{printable(labels.name, 40)}.argmax(1)"
        )
    if labels.rows != part.images.rows:
        raise DatasetError(
            f"{labels.describe()} has {labels.rows:,} labels for the {part.images.rows:,} pictures "
            f"of {printable(part.images.name, 60)}.\nGive one label for each picture."
        )
    if labels.dtype.kind not in "biufUS":
        raise DatasetError(
            f"{labels.describe()} holds {labels.dtype}, which are no labels.\n"
            "Labels are whole numbers or texts."
        )


def _refuse_lost_labels(parts: list[Part]) -> None:
    without = [part.images for part in parts if part.labels is None]
    if without and len(without) < len(parts):
        raise DatasetError(
            f"{without[0].describe()} has no labels beside it, but other pictures have.\n"
            "Add them, named like the others, or take these pictures out."
        )


def _list(names: list[str]) -> str:
    return listed(names, 8) or "none at all"
