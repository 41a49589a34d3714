"""Arrays of a Python caller as a source: written once, so that a run can be resumed with them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.array_values import measure_white
from imgcls_automl.data.kept_arrays import place_arrays
from imgcls_automl.data.room import check_room_to_read, make_room_to_read
from imgcls_automl.errors import DatasetError
from imgcls_automl.files import replacing
from imgcls_automl.plugin import Extent
from imgcls_automl.stages import dataset_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from imgcls_automl.config import RunConfig


def are_arrays(value: object) -> bool:
    """Whether `data` is (images, labels) rather than the name of a source, or several."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return False
    return not all(isinstance(part, str | Path) for part in value)


def store_arrays(config: RunConfig, given: Mapping[str, Any]) -> RunConfig:
    """Write arrays into the cache folder, named after their content; the configuration names them.

    Args:
        config: All other options.
        given: (images, labels) for `data`, `test_data` or both: images uint8 or uint16 (N, H, W) or
            (N, H, W, C), or floats 0-1; labels (N,) or (N, 1), whole numbers of any kind or texts.

    Raises:
        DatasetError: They are no such arrays, or the disk is full.
    """
    cache = dataset_request(config).cache
    stored = {name: str(_store_pair(name, pair, cache)) for name, pair in given.items()}
    if "data" in stored:
        config = replace(config, data=(stored["data"],))
    return replace(config, test_data=stored.get("test_data", config.test_data))


def _store_pair(name: str, pair: Any, cache: Path) -> Path:
    import numpy as np

    images, labels = np.asarray(pair[0]), _as_labels(name, pair[1])
    _check_images(name, images)
    if labels.shape != images.shape[:1]:
        raise DatasetError(
            f"{name}: the labels have the shape {labels.shape}, but the images {images.shape}.\n"
            f"Give one label for each picture: {name}=(images, labels)"
        )
    path = place_arrays(cache, _hash_arrays(images, labels), measure_white(images))
    if not path.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
            _check_room(cache, images, labels)
            make_room_to_read(cache, 0, images.nbytes + labels.nbytes)
            with replacing(path) as temporary:
                np.savez(temporary, images=images, labels=labels)
        except OSError as error:
            raise DatasetError(
                f"{name}: the arrays cannot be written to {cache}: {error.strerror}.\n"
                "Free some space, or name another folder: cache_dir=DIR"
            ) from error
    return path


def _check_room(cache: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Refuse arrays whose file does not fit beside the pictures that are read from it, before others make room."""
    extent = Extent(pictures=len(images), size=images.nbytes + labels.nbytes + images.size)
    check_room_to_read(cache, [extent], None)


def _as_labels(name: str, labels: Any) -> np.ndarray:
    import numpy as np

    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]  # as keras.datasets.cifar10 has them
    if array.dtype == object and all(isinstance(label, str) for label in array.flat):
        array = array.astype(str)  # as pandas holds texts
    if array.dtype.kind == "f":
        array = _as_whole(name, array)  # as pandas holds numbers of which some were missing once
    if array.dtype.kind not in "biuUS":
        raise DatasetError(
            f"{name}: the labels are {array.dtype}, but whole numbers or texts are wanted.\n"
            f"Give one label for each picture: {name}=(images, labels)"
        )
    return array


def _as_whole(name: str, labels: np.ndarray) -> np.ndarray:
    import numpy as np

    wrong = np.argwhere(~np.isfinite(labels) | (labels != np.rint(labels)))
    if len(wrong):
        place = tuple(wrong[0].tolist())
        raise DatasetError(
            f"{name}: the label at {', '.join(map(str, place))} is {labels[place]}, but whole numbers or texts "
            "are wanted.\nMend it, or leave its picture out."
        )
    return labels.astype(np.int64)


def _check_images(name: str, images: np.ndarray) -> None:
    if images.ndim not in (3, 4) or images.dtype.kind not in "buif":
        raise DatasetError(
            f"{name}: the images are {images.dtype} of the shape {images.shape}, but uint8, or "
            "floats 0-1, of the shape (N, H, W) or (N, H, W, C) are wanted."
        )


def _hash_arrays(*arrays: np.ndarray) -> str:
    import numpy as np

    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(repr((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
