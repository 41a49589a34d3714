"""The idx files of the MNIST family: found by name, read a block at a time, packed by gzip or not."""

from __future__ import annotations

import gzip
import itertools
import math
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._source_files import open_unpacked, read_some, refuse_bomb
from imgcls_plugins._wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_plugins._source_files import Opened

IDX_FILE = "an idx file"  # what is wanted, for messages
ITEM_BYTES = 64 << 20  # of one picture; more is a damaged header

_BLOCK_BYTES = 4 << 20
_BYTES = 0x08  # the code of unsigned bytes
_NAME = re.compile(
    r"(?P<family>.*?)(?P<split>train|t10k|test)[-._](?P<kind>images|labels)[-._]idx[0-9][-._]ubyte"
    r"(?:\.gz)?",
    re.IGNORECASE,
)
_SPLITS = {"train": "train", "t10k": "test", "test": "test"}
_DIMENSIONS = {"images": 3, "labels": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdxName:
    """What the name of an idx file tells: `emnist-letters-train-images-idx3-ubyte.gz`.

    Attributes:
        path: The file.
        family: What stands before the split: `"emnist-letters-"`; empty for MNIST itself.
        split: `"train"` or `"test"`.
        kind: `"images"` or `"labels"`.
    """

    path: Path
    family: str
    split: str
    kind: str

    @property
    def packed(self) -> bool:
        return self.path.suffix.lower() == ".gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdxFile:
    """An idx file as its header tells it; `shape` counts its items first."""

    path: Path
    shape: tuple[int, ...]

    @property
    def item_bytes(self) -> int:
        return math.prod(self.shape[1:])


def parse_name(path: Path) -> IdxName | None:
    """Read a file's name; None where it is none of an idx file."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    split = _SPLITS[found["split"].lower()]
    kind = found["kind"].lower()
    return IdxName(path=path, family=found["family"].lower(), split=split, kind=kind)


def list_idx_names(folder: Path, limit: int | None = None) -> list[IdxName]:
    """The idx files among a folder's first `limit` entries, sorted by name; none where it is closed.

    Of a file that is there packed and unpacked, only the unpacked one is listed.
    """
    found: dict[tuple[str, str, str], IdxName] = {}
    try:
        with os.scandir(folder) as entries:
            files = sorted(entry.name for entry in itertools.islice(entries, limit))
    except OSError:
        return []
    for file in files:
        name = parse_name(folder / file)
        if name is None or not os.path.isfile(name.path):  # noqa: PTH113 - it never raises
            continue
        key = (name.family, name.split, name.kind)
        if key not in found or found[key].packed:
            found[key] = name
    return list(found.values())


def open_header(path: Path, kind: str) -> IdxFile:
    """Read the header of a file of images or labels.

    Raises:
        DatasetError: It is missing, cannot be read, or is no idx file of that kind.
    """
    with open_unpacked(path, IDX_FILE) as file:
        return _read_header(file, path, kind)


def read_blocks(path: Path, kind: str, count: int) -> Iterator[bytes]:
    """Yield the content of a file in whole items, `count` of them at a time.

    Raises:
        DatasetError: As `open_header`; or it holds fewer or more items than its header tells.
    """
    with open_unpacked(path, IDX_FILE) as file:
        idx = _read_header(file, path, kind)
        for start in range(0, idx.shape[0], count):
            items = min(count, idx.shape[0] - start)
            block = read_some(file, items * idx.item_bytes, path)
            if len(block) < items * idx.item_bytes:
                raise _describe_length(idx, start * idx.item_bytes + len(block))
            yield block
        if read_some(file, 1, path):
            raise _describe_length(idx, None)


def block_items(idx: IdxFile) -> int:
    """How many items are read at a time."""
    return max(1, _BLOCK_BYTES // idx.item_bytes)


def _read_header(file: Opened, path: Path, kind: str) -> IdxFile:
    dimensions = _DIMENSIONS[kind]
    wanted = bytes([0, 0, _BYTES, dimensions])
    head = read_some(file, 4 + 4 * dimensions, path)
    if head[:4] != wanted:
        raise DatasetError(
            f"{printable(str(path))} is no idx file of {kind}: it begins with "
            f"{head[:4].hex(' ') or 'nothing'}, not with {wanted.hex(' ')}.\n"
            "Download it again, or check that it is not called like another kind of file."
        )
    if len(head) < 4 + 4 * dimensions:
        raise DatasetError(
            f"{printable(str(path))} ends within its header, after {len(head)} bytes.\n"
            "Download it again."
        )
    idx = IdxFile(path=path, shape=struct.unpack(f">{dimensions}I", head[4:]))
    if 0 in idx.shape or idx.item_bytes > ITEM_BYTES:
        raise DatasetError(
            f"{printable(str(path))} is damaged: its header tells of "
            f"{' x '.join(f'{number:,}' for number in idx.shape)} bytes.\nDownload it again."
        )
    if isinstance(file, gzip.GzipFile):
        refuse_bomb(
            *(path.stat().st_size, math.prod(idx.shape), printable(str(path))),
            "unpack it with gunzip",
        )
    return idx


def _describe_length(idx: IdxFile, found: int | None) -> DatasetError:
    wanted = math.prod(idx.shape)
    held = "more follow" if found is None else f"only {found:,} follow"
    items = f"{idx.shape[0]:,} {'pictures' if len(idx.shape) > 1 else 'labels'}"
    return DatasetError(
        f"{printable(str(idx.path))} tells of {items}, {wanted:,} bytes, in its header, but {held}."
        "\nDownload or copy it again."
    )
