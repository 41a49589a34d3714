"""Pictures that lie in Parquet files themselves, as bytes beside their labels."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import DatasetError, Match, Problem, Sample
from imgcls_plugins._folder_layout import SPLIT_NAMES
from imgcls_plugins._parquet_shards import (
    BYTES,
    PARQUET,
    describe_damaged,
    find_columns,
    find_shards,
    is_parquet,
)
from imgcls_plugins._source_files import check_regular, hash_files
from imgcls_plugins._wording import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_plugins._parquet_shards import PictureColumns, Shard

_BATCH_ROWS = 64  # of pictures as files, held in memory at a time


class ParquetImages:
    """A Parquet file, or a folder of such shards, with a picture's file as bytes in each row.

    Pictures are in a column of bytes, or of structs with a field "bytes" as Hugging Face writes
    them; labels are texts or whole numbers, which Hugging Face's metadata may name. Splits are told
    by the shards' names (train-00000-of-00002.parquet), by their folders, or by a column.

    Args:
        image_column: Name of the column of pictures.
        label_column: Of the labels; empty to read none, as with the next.
        split_column: Of the splits.
        group_column: Of what is never to be torn apart by a split.
    """

    def __init__(
        self,
        image_column: str | None = None,
        label_column: str | None = None,
        split_column: str | None = None,
        group_column: str | None = None,
    ) -> None:
        self._wanted = {
            "image": image_column,
            "label": label_column,
            "split": split_column,
            "group": group_column,
        }

    def match(self, source: str) -> Match | None:
        is_folder = os.path.isdir(source)  # noqa: PTH112 - Path.is_dir raises where a parent is closed
        if not is_folder and not is_parquet(Path(source)):
            return None
        try:
            shards = find_shards(source)
            if not shards:
                return None
            columns = find_columns(shards[0].path, self._wanted)
        except DatasetError:
            # Ours if nobody else claims it: read() then says what is wrong with it.
            return Match(0.1, "Parquet files")
        labels = f", labels in {quoted(columns.label)}" if columns.label else ", without labels"
        kind = f"a folder of {len(shards):,} Parquet files" if is_folder else PARQUET
        return Match(0.9, f"{kind}: pictures in {quoted(columns.image)}{labels}")

    def read(self, source: str) -> Iterator[Sample | Problem]:
        """Yield a sample for each row, shard by shard; `image` is the bytes of a file.

        An id is the shard's path in the folder and the row, from 1 on: `"train-00000.parquet:17"`.
        Yields a problem for a row without a picture. Memory holds a few dozen pictures.

        Raises:
            DatasetError: Names the file and the row or column that is wrong; there is no such file.
        """
        shards = find_shards(source)
        if not shards:
            raise DatasetError(
                f"There is no Parquet file in {printable(source)}.\n"
                "Give a file or a folder of files that end in .parquet."
            )
        for shard in shards:
            yield from _read_shard(shard, find_columns(shard.path, self._wanted))

    def fingerprint(self, source: str) -> str:
        """A hash of the shards' names and content, and of the options. Raises DatasetError."""
        shards = find_shards(source)
        content = hash_files([shard.path for shard in shards], PARQUET)
        places = [(shard.id_prefix, shard.split) for shard in shards]
        told = hashlib.blake2b(repr((places, self._wanted)).encode(), digest_size=16).hexdigest()
        return f"parquet-images-1-{content}-{told}"


def _read_shard(shard: Shard, columns: PictureColumns) -> Iterator[Sample | Problem]:
    labelled = _is_labelled(shard.path, columns)
    for number, row in enumerate(_read_rows(shard.path, columns), start=1):
        id_ = f"{shard.id_prefix}:{number}"
        label = _name_label(row[columns.label], columns, id_) if columns.label else None
        image = row[columns.image]
        content = image.get(BYTES) if isinstance(image, dict) else image
        if not content:
            yield Problem(id=id_, detail=f"column {quoted(columns.image)} holds no picture")
            continue
        if labelled and label is None:
            yield Problem(id=id_, detail=f"column {quoted(columns.label or '')} holds no label")
            continue
        stated = row[columns.split] if columns.split else None
        yield Sample(
            id=id_,
            image=content,
            label=label,
            split=shard.split if stated is None else _name_split(stated, columns, id_),
            group=_name_group(row[columns.group]) if columns.group else None,
        )


def _is_labelled(path: Path, columns: PictureColumns) -> bool:
    """Whether any row of a shard has a label: then one without has lost it."""
    label = columns.label
    return label is not None and any(
        _name_label(row[label], columns, path.name) is not None
        for row in _read_cells(path, [label])
    )


def _read_rows(path: Path, columns: PictureColumns) -> Iterator[dict[str, Any]]:
    """Yield the cells of each row by column; what is not asked for is not read."""
    roles = (columns.image, columns.label, columns.split, columns.group)
    yield from _read_cells(path, [name for name in roles if name is not None])


def _read_cells(path: Path, used: list[str]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    check_regular(path, PARQUET)
    try:
        # Without buffering ahead, which would hold row groups of any size.
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=used):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise describe_damaged(path, error) from error


def _name_label(cell: object, columns: PictureColumns, place: str) -> str | None:
    names = columns.class_names
    if isinstance(cell, float) and cell.is_integer():  # whole numbers with gaps come as floats
        cell = int(cell)
    # datasets writes -1 where a label is not known.
    if cell is None or (names is not None and cell == -1):
        return None
    if names is None or not isinstance(cell, int):
        return str(cell).strip() or None
    if not 0 <= cell < len(names):
        raise DatasetError(
            f"{printable(place)}, column {quoted(columns.label or '')}: there is no class {cell}; the "
            f"file names {len(names)}, for 0 to {len(names) - 1}.\nWrite the file again."
        )
    return names[cell]


def _name_group(cell: object) -> str | None:
    return None if cell is None else str(cell).strip() or None


def _name_split(cell: object, columns: PictureColumns, place: str) -> str:
    split = SPLIT_NAMES.get(str(cell).strip().lower())
    if split is None:
        raise DatasetError(
            f"{printable(place)}, column {quoted(columns.split or '')}: {quoted(str(cell))} is no "
            "split; wanted are train, validation and test.\n"
            "Name another column (--data-option split_column=NAME), or read none: split_column="
        )
    return split
