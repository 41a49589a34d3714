"""MNIST and its kin as they are published: idx files of pictures and labels."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError, Extent, Match, Sample
from imgcls_plugins._class_names import parse_names
from imgcls_plugins._idx_files import (
    IDX_FILE,
    IdxFile,
    IdxName,
    block_items,
    list_idx_names,
    open_header,
    parse_name,
    read_blocks,
)
from imgcls_plugins._source_files import DEFLATE_RATIO, check_regular, hash_files
from imgcls_plugins._wording import as_text, listed, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOOK_ENTRIES = 1_000  # of a folder, while matching


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file of pictures, the one of their labels, and the split that both state."""

    images: IdxName
    labels: IdxName | None
    split: str | None


class Idx:
    """The idx files of MNIST, Fashion-MNIST, KMNIST or EMNIST: a folder of them, or one of images.

    Files are called as they are published (train-images-idx3-ubyte, t10k-labels.idx1-ubyte,
    emnist-letters-train-images-idx3-ubyte), with .gz or without. A folder with train and test files
    states both splits. EMNIST's pictures lie on their side and are turned upright.

    Args:
        names: `"zero,one,..."`, the classes that the labels 0, 1... stand for. None: the label is
            the class.

    Raises:
        PluginError: An option is not of this form.
    """

    def __init__(self, names: str | None = None) -> None:
        self._names = None if names is None else parse_names(names)

    def match(self, source: str) -> Match | None:
        path = Path(source)
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a parent is closed
            images = [it for it in list_idx_names(path, _LOOK_ENTRIES) if it.kind == "images"]
            if not images:
                return None
            shown = [f"{it.split} ({_describe_images(it)})" for it in images]
            return Match(0.92, f"a folder of idx files: {listed(shown, 4)}")
        name = parse_name(path)
        if name is None or not os.path.isfile(path):  # noqa: PTH113 - it never raises
            return None
        return Match(0.88, f"an idx file: {_describe_images(name)}")

    def read(self, source: str) -> Iterator[Sample]:
        """Yield the pictures as uint8 (H, W) in the order of the files, train before test.

        An id is the file's name without .gz, and the place in it, from 0 on.

        Raises:
            DatasetError: Names the file that is missing, damaged, cut off, of another kind, or has
                fewer or more labels than there are pictures.
        """
        for part in _find_parts(Path(source)):
            yield from self._read_part(part)

    def fingerprint(self, source: str) -> str:
        """A hash of the files' names and content, and of the options. Raises DatasetError."""
        files = [
            name.path
            for part in _find_parts(Path(source))
            for name in (part.images, part.labels)
            if name is not None
        ]
        return f"idx-1-{hash_files(files, IDX_FILE)}-{self._names!r}"

    def extent(self, source: str) -> Extent | None:
        """What the files' headers tell; None where the files cannot hold so much. Raises DatasetError."""
        files = [open_header(it.images.path, "images") for it in _find_parts(Path(source))]
        sizes = [math.prod(it.shape) for it in files]
        held = [DEFLATE_RATIO * it.path.stat().st_size for it in files]
        if any(size > most for size, most in zip(sizes, held, strict=True)):
            return None
        sides = {(height, width) for _, height, width in (it.shape for it in files)}
        return Extent(
            pictures=sum(it.shape[0] for it in files),
            size=sum(sizes),
            image_shape=(*sides.pop(), 1) if len(sides) == 1 else None,
        )

    def _read_part(self, part: Part) -> Iterator[Sample]:
        import numpy as np

        path = part.images.path
        images = open_header(path, "images")
        count = block_items(images)
        if part.labels is not None:
            _check_counts(images, open_header(part.labels.path, "labels"))
        name, number = as_text(path.name).removesuffix(".gz"), 0
        for block, values in _read_in_step(part, count):
            pixels = np.frombuffer(block, np.uint8).reshape(-1, *images.shape[1:])
            if part.images.family.startswith("emnist"):
                pixels = pixels.swapaxes(1, 2)
            for index, image in enumerate(pixels):
                label = self._name_label(values[index], part, number) if values else None
                yield Sample(id=f"{name}:{number}", image=image, label=label, split=part.split)
                number += 1

    def _name_label(self, value: int, part: Part, number: int) -> str:
        if self._names is None:
            return str(value)
        if value >= len(self._names):
            assert part.labels is not None
            raise DatasetError(
                f"{printable(str(part.labels.path))}: the label at {number:,} is {value}, but there "
                f"are {len(self._names)} names, for 0 to {len(self._names) - 1}.\n"
                "Complete --data-option names=A,B,..."
            )
        return self._names[value]


def _find_parts(source: Path) -> list[Part]:
    if os.path.isdir(source):  # noqa: PTH112 - as above; opening it says why
        return _find_in_folder(source)
    check_regular(source, IDX_FILE)
    name = parse_name(source)
    if name is None or name.kind != "images":
        raise DatasetError(
            f"{printable(str(source))} is not called like an idx file of pictures, such as "
            "train-images-idx3-ubyte.gz.\nGive that file, or the folder that it lies in."
        )
    return [_make_part(name, list_idx_names(source.parent), split=None)]


def _find_in_folder(folder: Path) -> list[Part]:
    names = list_idx_names(folder)
    images = sorted((it for it in names if it.kind == "images"), key=lambda it: it.split != "train")
    families = list(dict.fromkeys(it.family for it in images))
    if not images:
        raise DatasetError(
            f"{printable(str(folder))} holds no idx file of pictures.\n"
            "Wanted are train-images-idx3-ubyte and train-labels-idx1-ubyte, with .gz or without."
        )
    if len(families) > 1:
        examples = " --test-data ".join(
            printable(str(it.path)) for it in images if it.family == families[0]
        )
        raise DatasetError(
            f"{printable(str(folder))} holds several data sets: {listed(families, 8)}.\n"
            f"Give the files of one: --data {examples}"
        )
    parts = [_make_part(it, names, it.split if len(images) > 1 else None) for it in images]
    without = [part.images for part in parts if part.labels is None]
    if without and len(without) < len(parts):
        raise DatasetError(
            f"{printable(str(without[0].path))} has no file of labels beside it, but other "
            "pictures have.\nAdd it, named like the others, or take these pictures away."
        )
    return parts


def _make_part(images: IdxName, names: Sequence[IdxName], split: str | None) -> Part:
    wanted = (images.family, images.split, "labels")
    labels = (it for it in names if (it.family, it.split, it.kind) == wanted)
    return Part(images=images, labels=next(labels, None), split=split)


def _read_in_step(part: Part, count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the bytes of so many pictures, and of their labels: none where there is no file."""
    pictures = read_blocks(part.images.path, "images", count)
    if part.labels is None:
        return ((block, b"") for block in pictures)
    return zip(pictures, read_blocks(part.labels.path, "labels", count), strict=True)


def _check_counts(images: IdxFile, labels: IdxFile) -> None:
    if images.shape[0] != labels.shape[0]:
        raise DatasetError(
            f"{printable(str(labels.path))} tells of {labels.shape[0]:,} labels, but "
            f"{printable(str(images.path))} of {images.shape[0]:,} pictures.\n"
            "Download both again; they belong together."
        )


def _describe_images(name: IdxName) -> str:
    try:
        count, height, width = open_header(name.path, "images").shape
    except DatasetError:
        return "no pictures that can be read"
    return f"{count:,} pictures of {height}x{width}"
