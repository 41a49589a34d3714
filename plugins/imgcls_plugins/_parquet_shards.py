"""Parquet files that hold encoded pictures: where they lie, and which column is what."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._folder_layout import SPLIT_NAMES
from imgcls_plugins._source_files import check_regular
from imgcls_plugins._table_columns import USUAL_NAMES
from imgcls_plugins._wording import as_text, listed, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PARQUET = "a Parquet file"  # what is wanted, for messages
SUFFIXES = (".parquet", ".pq")
BYTES = "bytes"  # the field of a picture's struct that holds its file, as Hugging Face writes it

_DEPTH = 2  # of folders in which shards are looked for
_ROLES = ("image", "label", "split", "group")
_IMAGE_NAMES = ("image", "img", "picture", "photo", "imagebytes", "bytes", "jpg", "jpeg", "png")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of the files.

    Attributes:
        path: Where it is.
        id_prefix: Its path relative to the source, as valid text.
        split: What its name or its folder states (`train-00000-of-00002.parquet`).
    """

    path: Path
    id_prefix: str
    split: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureColumns:
    """Names of a file's columns; None for what it does not have.

    Attributes:
        class_names: What whole-number labels stand for, where Hugging Face's metadata tell it.
    """

    image: str
    label: str | None
    split: str | None
    group: str | None
    class_names: tuple[str, ...] | None


def find_shards(source: str) -> list[Shard]:
    """The Parquet files of a source, a file or a folder, in the order of their names; empty where there are none."""
    root = Path(source)
    if not os.path.isdir(root):  # noqa: PTH112 - Path.is_dir raises where a parent is closed
        return [Shard(path=root, id_prefix=as_text(root.name), split=None)]
    return [
        Shard(
            path=path, id_prefix=as_text(str(path.relative_to(root))), split=_split_of(path, root)
        )
        for path in sorted(_walk(root, _DEPTH))
    ]


def is_parquet(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES) and os.path.isfile(path)  # noqa: PTH113 - never raises


def read_schema(path: Path) -> Any:
    """The Arrow schema of a Parquet file. Raises DatasetError."""
    import pyarrow as pa
    from pyarrow import parquet

    check_regular(path, PARQUET)
    try:
        return parquet.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise describe_damaged(path, error) from error


def describe_damaged(path: Path, error: Exception) -> DatasetError:
    reason = printable(" ".join(str(error).split()))
    return DatasetError(
        f"{printable(str(path))} cannot be read as Parquet: {reason}\nWrite or download it again."
    )


def find_columns(path: Path, wanted: Mapping[str, str | None]) -> PictureColumns:
    """Tell what each column of a file is for: named by the user, or told by its type and name.

    Args:
        path: The file.
        wanted: For image, label, split and group the name the user gave; empty where there is to be
            none, None to look for it.

    Raises:
        DatasetError: No column has a name that was given, or none, or more than one, holds pictures.
    """
    schema = read_schema(path)
    for role in _ROLES:
        name = wanted[role]
        if name and schema.names.count(name) != 1:
            raise DatasetError(
                f"{printable(str(path))} has not one column called {quoted(name)}; its columns are "
                f"{_list(schema.names)}.\nGive the name as the file has it: "
                f"--data-option {role}_column=NAME"
            )
    image = wanted["image"] or _guess_image(path, schema)
    if not holds_pictures(schema.field(image).type):
        raise DatasetError(
            f"{printable(str(path))}, column {quoted(image)} holds "
            f"{printable(str(schema.field(image).type), 60)}, not the bytes of picture files.\n"
            "Name the column that does: --data-option image_column=NAME"
        )
    others = [name for name in schema.names if name != image and is_plain(schema.field(name).type)]
    found = {role: _choose(role, wanted[role], others) for role in _ROLES[1:]}
    label = found["label"]
    names = _read_class_names(schema, label) if label else None
    return PictureColumns(image=image, class_names=names, **found)


def holds_pictures(kind: Any) -> bool:
    """Whether a column is of bytes, or of structs with a field `bytes`, as Hugging Face writes it."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        place = kind.get_field_index(BYTES)
        return bool(place >= 0 and holds_pictures(kind.field(place).type))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def is_plain(kind: Any) -> bool:
    """Whether a column holds one text or number a row."""
    import pyarrow as pa

    bare = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not pa.types.is_nested(bare) and not holds_pictures(bare)


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise DatasetError(
            f"{printable(str(folder))} cannot be read: {error.strerror}.\n"
            "Check its permissions, or move it out of the data."
        ) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and depth:
            yield from _walk(Path(entry.path), depth - 1)
        elif is_parquet(Path(entry.path)):
            yield Path(entry.path)


def _split_of(path: Path, root: Path) -> str | None:
    first_word = path.name.lower().replace("_", "-").replace(".", "-").partition("-")[0]
    folders = reversed(path.relative_to(root).parent.parts)
    words = [first_word, *(folder.lower() for folder in folders)]
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)


def _guess_image(path: Path, schema: Any) -> str:
    fitting = [field.name for field in schema if holds_pictures(field.type)]
    usual = [name for name in _IMAGE_NAMES if name in map(_simplify, fitting)]
    if usual:
        return str(next(name for name in fitting if _simplify(name) == usual[0]))
    if len(fitting) == 1:
        return str(fitting[0])
    problem = (
        f"leaves open which of {_list(fitting)} holds the pictures"
        if fitting
        else (f"has no column of bytes; its columns are {_list(schema.names)}")
    )
    raise DatasetError(
        f"{printable(str(path))} {problem}.\n"
        "Say which column holds the pictures' files: --data-option image_column=NAME"
    )


def _choose(role: str, wanted: str | None, names: Sequence[str]) -> str | None:
    if wanted is not None:
        return wanted or None
    plain = {_simplify(name): name for name in reversed(names)}
    usual = next((name for name in USUAL_NAMES[role] if name in plain), None)
    return plain[usual] if usual else None


def _read_class_names(schema: Any, label: str) -> tuple[str, ...] | None:
    """The names of a ClassLabel, in the metadata that the library datasets writes into a file."""
    try:
        metadata = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        names = metadata["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError):
        return None
    return tuple(map(str, names)) if isinstance(names, list) else None


def _simplify(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _list(names: Sequence[str]) -> str:
    return listed(list(names), 8)
