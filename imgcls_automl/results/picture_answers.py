"""The child process behind `BestModel`: keeps a saved model open and answers for the pictures it is given.

Runs in a child process only: it loads a framework.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.data.decode import decode_image
from imgcls_automl.data.messages import describe_failure
from imgcls_automl.data.threads import map_in_order
from imgcls_automl.errors import DatasetError, ImgclsError, UnreadableImageError
from imgcls_automl.results.saved_network import choose_batch_size, load_network, predict_pixels

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from imgcls_automl.results.predicting import SavedModel

    Picture = Path | bytes | np.ndarray

logger = logging.getLogger(__name__)

MOST = 256  # pictures of a batch; fewer are filled up, because another size would compile anew


def answer(connection: Connection[Any, Any], model: SavedModel, device: str) -> None:
    """Take (number of the first, pictures) again and again; send float32 (N, K), or a failure."""
    network = None
    while True:
        try:
            first, pictures = connection.recv()
        except EOFError:
            return
        try:
            if network is None:
                network, _ = load_network(model, device)
            connection.send(_predict(network, model, first, pictures))
        except Exception as error:
            # What the caller is told anyway is no news for a log.
            if not isinstance(error, ImgclsError):
                logger.exception("The prediction failed")
            connection.send(describe_failure(error))


def _predict(network: Any, model: SavedModel, first: int, pictures: list[Picture]) -> np.ndarray:
    decode = partial(_decode, model)
    numbered = list(enumerate(pictures, start=first))
    decoded = np.stack(list(map_in_order(decode, numbered)))
    size = choose_batch_size(model.image_shape, MOST)
    parts = []
    for start in range(0, len(decoded), size):
        chosen = decoded[start : start + size]
        filled = np.zeros((size, *model.image_shape), np.uint8)
        filled[: len(chosen)] = chosen
        parts.append(predict_pixels(network, filled, len(chosen)))
    return np.concatenate(parts)


def _decode(model: SavedModel, numbered: tuple[int, Picture]) -> np.ndarray:
    number, picture = numbered
    try:
        return decode_image(
            picture, shape=model.image_shape, resize=model.resize, max_pixels=model.max_pixels
        )
    except UnreadableImageError as error:
        name = f"picture {number}" if isinstance(picture, bytes | np.ndarray) else str(picture)
        raise DatasetError(f"{name} cannot be predicted: {error}.\nLeave it out.") from error
