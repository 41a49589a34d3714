"""The child process that predicts: lists the sources, decodes in threads while the model computes.

Runs in a child process only: it loads a framework and runs adapters.
"""

from __future__ import annotations

import logging
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from imgcls_automl.data.decode import decode_image
from imgcls_automl.data.messages import describe_failure
from imgcls_automl.data.spool import Spool
from imgcls_automl.data.threads import map_in_order
from imgcls_automl.errors import ConfigError, UnreadableImageError
from imgcls_automl.results.documents import damaged
from imgcls_automl.results.predicting import Opened, PredictedBatch
from imgcls_automl.results.prediction_sources import LeftOut, list_pictures
from imgcls_automl.training.pictures import EVALUATION_PIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.connection import Connection

    from imgcls_automl.results.predicting import SavedModel
    from imgcls_automl.results.prediction_sources import Picture, Source

logger = logging.getLogger(__name__)

_AHEAD = 2  # decoded batches that wait for the model
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """Pictures as the model takes them, uint8 (B, H, W, C), and those that cannot be decoded."""

    pictures: list[Picture]
    pixels: np.ndarray
    left_out: list[LeftOut]


def answer(
    connection: Connection[Any, Any],
    model: SavedModel,
    sources: Sequence[Source],
    options: Mapping[str, str],
    device: str,
) -> None:
    """What the child process runs: send `Opened`, each `PredictedBatch` and None, or a failure."""
    try:
        with Spool(Path(tempfile.gettempdir())) as spool:
            pictures, problems = list_pictures(sources, options, model.class_names, spool)
            network, warning = _load_network(model, device)
            labelled = any(picture.label is not None for picture in pictures)
            total = len(pictures) + len(problems)
            connection.send(Opened(total=total, labelled=labelled, warning=warning))
            connection.send(_empty_batch(problems, len(model.class_names)))
            size = _choose_batch_size(model.image_shape, len(pictures))
            for batch in run_ahead(decode_batches(pictures, spool, model, size), _AHEAD):
                connection.send(_predict_batch(network, batch, size))
        connection.send(None)
    except Exception as error:
        logger.exception("The prediction failed")
        connection.send(describe_failure(error))


def _load_network(model: SavedModel, device: str) -> tuple[Any, str | None]:
    """The model, and what the user should know of the device."""
    from imgcls_automl.training.backend import load_backend

    try:
        backend = load_backend(device)
    except LookupError as error:
        raise ConfigError(f"--device {device}: {error}.") from error
    import keras

    try:
        network = keras.saving.load_model(model.path, compile=False, safe_mode=True)
    except Exception as error:  # zip, HDF5, JSON and Keras raise what they like on a damaged file
        reason = " ".join(str(error).split())[:200]
        raise damaged(model.path, f"{type(error).__name__}: {reason}") from error
    for what, found, wanted in (
        ("takes pictures of", network.input_shape[1:], model.image_shape),
        ("gives probabilities of", network.output_shape[1:], (len(model.class_names),)),
    ):
        if tuple(found) != wanted:
            raise damaged(
                model.path, f"it {what} {found}, but the files beside it speak of {wanted}"
            )
    return network, backend.warning


def _choose_batch_size(shape: tuple[int, int, int], count: int) -> int:
    height, width, _ = shape
    return max(1, min(1024, max(16, EVALUATION_PIXELS // (height * width)), count))


def decode_batches(
    pictures: Sequence[Picture], spool: Spool, model: SavedModel, size: int
) -> Iterator[DecodedBatch]:
    """Decode pictures in a few threads, `size` readable ones a batch, in order."""

    def decode(picture: Picture) -> np.ndarray | UnreadableImageError:
        try:
            image = spool.get(picture.reference)
            return decode_image(
                image, shape=model.image_shape, resize=model.resize, max_pixels=model.max_pixels
            )
        except UnreadableImageError as error:
            return error

    batch = _new_batch(model, size)
    for picture, decoded in zip(pictures, map_in_order(decode, pictures), strict=True):
        if isinstance(decoded, UnreadableImageError):
            batch.left_out.append(LeftOut(picture.id, str(decoded)))
            continue
        batch.pixels[len(batch.pictures)] = decoded
        batch.pictures.append(picture)
        if len(batch.pictures) == size:
            yield batch
            batch = _new_batch(model, size)
    yield batch


def run_ahead(items: Iterator[Item], ahead: int) -> Iterator[Item]:
    """Yield what an iterator yields, while a thread of its own already works on the next few."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = deque(thread.submit(next, items, end) for _ in range(ahead))
        while (item := coming.popleft().result()) is not end:
            coming.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]


def _new_batch(model: SavedModel, size: int) -> DecodedBatch:
    return DecodedBatch([], np.zeros((size, *model.image_shape), dtype=np.uint8), [])


def _empty_batch(left_out: list[LeftOut], classes: int) -> PredictedBatch:
    return PredictedBatch([], [], np.zeros((0, classes), dtype=np.float32), left_out)


def _predict_batch(network: Any, batch: DecodedBatch, size: int) -> PredictedBatch:
    # Always the same number of pictures, filled up with black, because another would compile anew.
    count = len(batch.pictures)
    if not count:
        return _empty_batch(batch.left_out, network.output_shape[-1])
    probabilities = np.asarray(network.predict_on_batch(batch.pixels))[:count]
    return PredictedBatch(
        ids=[picture.id for picture in batch.pictures],
        labels=[picture.label for picture in batch.pictures],
        probabilities=probabilities,
        left_out=batch.left_out,
    )
