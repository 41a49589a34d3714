"""Arrays of a Python caller as a source: written once, so that a run can be resumed with them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.array_values import measure_white
from imgcls_automl.data.kept_arrays import place_arrays
from imgcls_automl.data.leftovers import BUILDING
from imgcls_automl.data.room import check_room_to_read, make_room_to_read
from imgcls_automl.errors import DatasetError
from imgcls_automl.files import replacing
from imgcls_automl.plugin import Extent
from imgcls_automl.stages import dataset_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
        DatasetError: They are no such arrays, the pictures differ in size, or the disk is full.
    """
    cache = dataset_request(config).cache
    stored = {name: str(_store_pair(name, pair, cache)) for name, pair in given.items()}
    if "data" in stored:
        config = replace(config, data=(stored["data"],))
    return replace(config, test_data=stored.get("test_data", config.test_data))


def _store_pair(name: str, pair: Any, cache: Path) -> Path:

    images, labels = _as_images(name, pair[0]), _as_labels(name, pair[1])
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
            _write_pair(path, images, labels)
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


def _write_pair(path: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Write the arrays under their lock: whoever gets it later knows that no process writes them."""
    import numpy as np

    from imgcls_automl.data.cache import locked

    cache = path.parent
    with locked(cache, path.stem, waiting=lambda: None):
        if path.exists():  # written by another process meanwhile
            return
        make_room_to_read(cache, 0, images.nbytes + labels.nbytes)
        with replacing(path, prefix=f"{path.stem}{BUILDING}") as temporary:
            np.savez(temporary, images=images, labels=labels)


def _as_images(name: str, images: Any) -> np.ndarray:
    advice = "Resize all to one size, or save them as files in class folders, which may differ."
    return _as_array(name, "picture", images, advice)


def _as_labels(name: str, labels: Any) -> np.ndarray:
    advice = f"Give one label for each picture: {name}=(images, labels)"
    array = _as_array(name, "label", labels, advice)
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


def _as_array(name: str, item: str, values: Any, advice: str) -> np.ndarray:
    """One array of all pictures or labels.

    Args:
        name: The argument they are from: `"data"`.
        item: What one of them is: `"picture"`.
        values: Whatever the caller has.
        advice: What to do where they differ in shape.

    Raises:
        DatasetError: Names the first that differs in shape from the one at 0.
    """
    import numpy as np

    try:
        array = np.asarray(values)
    except ValueError as error:
        fault = _find_misfit(item, values) or f"the {item}s are no array: {error}"
        raise DatasetError(f"{name}: {fault}.\n{advice}") from error
    # NumPy looks no further into an array of arrays.
    if array.dtype == object and array.ndim == 1 and (misfit := _find_misfit(item, array)):
        raise DatasetError(f"{name}: {misfit}.\n{advice}")
    return array


def _find_misfit(item: str, values: Iterable[Any]) -> str | None:
    """Tell the first of another shape than the one at 0; None where all agree."""
    first: tuple[int, ...] | None = None
    for index, value in enumerate(values):
        shape = _measure(value)
        if shape is None:
            return f"{item} {index} has rows of different lengths"
        first = shape if first is None else first
        if shape != first:
            return f"{item} {index} has the shape {shape}, but {item} 0 has {first}"
    return None


def _measure(value: Any) -> tuple[int, ...] | None:
    """The shape; None for lists of lists of different lengths."""
    import numpy as np

    try:
        shape: tuple[int, ...] = np.shape(value)
    except ValueError:
        return None
    return shape


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
