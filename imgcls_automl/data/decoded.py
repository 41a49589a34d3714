"""A decoded set on disk: what its folder holds, written once and only read afterwards.

images.npy      uint8 (N, H, W, C)
labels.npy      int32 (N,), indices into class_names
sizes.npy       int32 (N, 2), height and width before decoding
digests.npy     void16 (N,), of what the source holds of each picture
set.json        everything else
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from imgcls_automl.files import replacing, write_text

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

IMAGES, LABELS, SIZES, DIGESTS = "images.npy", "labels.npy", "sizes.npy", "digests.npy"
CONTENTS = "set.json"
_ARRAYS = {"labels": LABELS, "sizes": SIZES, "digests": DIGESTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What is wrong or odd with a picture: `problem` is a short constant, `detail` says it in words."""

    id: str
    problem: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A decoded set but for its pixels. All lists are as long as the set and in its order.

    Attributes:
        image_shape: (height, width, channels).
        class_names: Sorted by name.
        ids: Of the pictures.
        labels: Class indices, int32 (N,).
        stated: The split the source states for each picture, or None.
        groups: The group of each picture, or None.
        sizes: (height, width) of the pictures before decoding, upright, int32 (N, 2).
        digests: 16 bytes for what the source holds of each picture, a file's bytes or an array's pixels, whatever it is
            called, where it stands and how it is decoded; void (N,).
        issues: Pictures that could not be read.
        notes: What is odd about files of pictures that are in the set.
        lasting: Whether the same files would give the same issues again: False where one could not
            be opened, which a change of permissions may mend.
        originals: What the pictures were before; see `sizing.summarise_headers`.
        fingerprint: Names ids, labels, stated splits, groups and pixels.
        remarks: What the adapter tells of beside pictures, a sentence each.
    """

    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    ids: list[str]
    labels: np.ndarray
    stated: list[str | None]
    groups: list[str | None]
    sizes: np.ndarray
    digests: np.ndarray
    issues: list[Issue]
    lasting: bool
    originals: dict[str, Any]
    fingerprint: str
    notes: list[Issue] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def write_contents(folder: Path, contents: Contents) -> None:
    for name, file_name in _ARRAYS.items():
        with replacing(folder / file_name) as path, path.open("wb") as file:
            np.save(file, getattr(contents, name))
    values = {
        name: getattr(contents, name)
        for name in Contents.__dataclass_fields__
        if name not in (*_ARRAYS, "issues", "notes")
    }
    for name in ("issues", "notes"):
        values[name] = [asdict(issue) for issue in getattr(contents, name)]
    # As ASCII: lone surrogates come back as they were.
    write_text(folder / CONTENTS, json.dumps(values))


def read_contents(folder: Path) -> Contents:
    """Read what `write_contents` wrote.

    Raises:
        OSError, ValueError, TypeError, KeyError: Something is missing or damaged.
    """
    values = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
    contents = Contents(
        **{
            **values,
            "image_shape": tuple(values["image_shape"]),
            "class_names": tuple(values["class_names"]),
            **{name: np.load(folder / file_name) for name, file_name in _ARRAYS.items()},
            "issues": [Issue(**issue) for issue in values["issues"]],
            "notes": [Issue(**issue) for issue in values["notes"]],
        }
    )
    expected = (len(contents.ids), *contents.image_shape)
    found = np.load(folder / IMAGES, mmap_mode="r").shape
    if found != expected or {len(getattr(contents, name)) for name in _ARRAYS} != {expected[0]}:
        raise ValueError(f"{folder / IMAGES} has the shape {found}, not {expected}")
    return contents


class ImagesWriter:
    """Writes images.npy picture by picture, without knowing beforehand how many there will be.

    A plain file rather than a memory map: on a full disk a write fails, but a memory map kills.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self._file: BinaryIO = path.open("wb", buffering=1 << 20)
        self._shape = shape
        self._count = 0
        self._write_header()

    def append(self, pixels: memoryview) -> None:
        self._file.write(pixels)
        self._count += 1

    def _write_header(self) -> None:
        # NumPy pads the header so that a first axis of any length fits in the same bytes.
        header = {"descr": "|u1", "fortran_order": False, "shape": (self._count, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.seek(0)
            self._write_header()
        finally:
            self._file.close()
