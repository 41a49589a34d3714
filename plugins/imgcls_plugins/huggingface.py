"""Data sets of the library datasets: saved in a folder, or downloaded where the user asks for it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import DatasetError, Match, PluginError, Problem, Sample
from imgcls_plugins._folder_layout import SPLIT_NAMES
from imgcls_plugins._hub_columns import HubColumns, find_hub_columns
from imgcls_plugins._wording import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SAVED = "dataset_dict.json"  # several splits, by save_to_disk
_SAVED_SPLIT = ("dataset_info.json", "state.json")  # one split, by save_to_disk
_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")  # of the layout imagefolder
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


class HuggingFace:
    """A data set of Hugging Face's library datasets: what save_to_disk wrote, or a folder of pictures with metadata.

    A name of their hub (ylecun/mnist) is read only with download=yes. Class names come from the data
    set's own features; its splits train, validation and test are kept. Needs the extra huggingface.

    Args:
        image_column: Name of the column of pictures; without it, the one column of pictures.
        label_column: Of the labels; without it, the one column of class labels, or the one called label.
        download: "yes" to download a data set of the hub; "no", the default, never connects.
        config: The configuration of a data set that has several.

    Raises:
        PluginError: `download` is neither yes nor no.
    """

    def __init__(
        self,
        image_column: str | None = None,
        label_column: str | None = None,
        download: str = "no",
        config: str | None = None,
    ) -> None:
        if download not in ("yes", "no"):
            raise PluginError(
                f"--data-option download must be yes or no, but got {quoted(download)}."
            )
        self._image = image_column
        self._label = label_column
        self._downloads = download == "yes"
        self._config = config

    def match(self, source: str) -> Match | None:
        if _is_saved(Path(source)):
            return Match(0.95, "a data set that datasets.save_to_disk wrote")
        if _has_metadata(Path(source)):
            # Weak: class folders may lie beside a file of such a name.
            return Match(0.2, "a folder of pictures with metadata, as datasets reads it")
        # Only then: any word might be the name of a data set.
        is_there = os.path.exists(source)  # noqa: PTH110 - Path.exists raises on names that are too long
        if self._downloads and not is_there and _HUB_NAME.fullmatch(source):
            return Match(0.6, "a data set of the Hugging Face hub, to be downloaded")
        return None

    def read(self, source: str) -> Iterator[Sample | Problem]:
        """Yield a sample for each row, split by split; `image` is the bytes or the path of a file.

        An id is the split and the row: `"train[17]"`. Yields a problem for a row without a picture.

        Raises:
            PluginError: The library is not installed.
            DatasetError: There is no such data set, or no column of pictures; a download failed.
        """
        for split, rows in self._load(source).items():
            columns = find_hub_columns(source, rows, self._image, self._label)
            yield from _read_rows(rows, columns, split)

    def _load(self, source: str) -> Mapping[str, Any]:
        """The data set's splits by name, the empty one where it has none."""
        path = Path(source)
        if not path.exists() and not self._downloads:
            raise DatasetError(
                f"There is no file or folder {printable(source)}, and nothing is downloaded unless "
                "you ask for it.\nCheck the path; for a data set of the Hugging Face hub: "
                "--data-option download=yes"
            )
        datasets = _import_datasets(online=self._downloads)
        try:
            if _is_saved(path):
                loaded = datasets.load_from_disk(source)
            elif path.exists():
                loaded = datasets.load_dataset("imagefolder", data_dir=source)
            else:
                loaded = datasets.load_dataset(source, self._config)
        except Exception as error:
            reason = printable(" ".join(f"{type(error).__name__}: {error}".split()), 400)
            raise DatasetError(
                f"{printable(source)} cannot be read with datasets: {reason}\n"
                "Check the name or the path; a download needs a network, and some sets a config: "
                "--data-option config=NAME"
            ) from error
        return loaded if isinstance(loaded, dict) else {"": loaded}


def _is_saved(folder: Path) -> bool:
    return _is_file(folder / _SAVED) or all(_is_file(folder / name) for name in _SAVED_SPLIT)


def _has_metadata(folder: Path) -> bool:
    places = (folder, *(folder / split for split in SPLIT_NAMES))
    return any(_is_file(place / name) for place in places for name in _METADATA)


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a parent is closed


def _import_datasets(*, online: bool) -> Any:
    if not online:  # read as the library is imported
        os.environ.update({"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"})
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import datasets
    except ImportError as error:
        raise PluginError(
            f"The adapter huggingface needs the library datasets ({error}).\n"
            "Install it: pip install 'imgcls-automl[huggingface]'"
        ) from error
    datasets.disable_progress_bars()
    return datasets


def _read_rows(rows: Any, columns: HubColumns, split: str) -> Iterator[Sample | Problem]:
    import datasets

    stated = SPLIT_NAMES.get(split.lower())
    encoded = datasets.Image(decode=False)  # decoding is not an adapter's work
    wanted = rows.select_columns(columns.names).cast_column(columns.image, encoded)
    for number, row in enumerate(wanted):
        id_ = f"{split or 'row'}[{number}]"
        picture = row[columns.image] or {}
        if picture.get("bytes"):
            image: bytes | Path = picture["bytes"]
        elif picture.get("path"):
            image = Path(picture["path"])
        else:
            yield Problem(id=id_, detail=f"column {quoted(columns.image)} holds no picture")
            continue
        yield Sample(id=id_, image=image, label=columns.name_label(row), split=stated)
