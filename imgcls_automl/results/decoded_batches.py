"""Pictures as the batches a saved model takes, decoded in threads while the model computes."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from imgcls_automl.data.decode import decode_image
from imgcls_automl.data.header import read_header
from imgcls_automl.data.threads import map_in_order
from imgcls_automl.errors import DatasetError, UnreadableImageError
from imgcls_automl.results.picture_folders import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from imgcls_automl.data.spool import Spool
    from imgcls_automl.results.picture_folders import Picture
    from imgcls_automl.results.predicting import SavedModel

AHEAD = 2  # decoded batches that wait for the model
Item = TypeVar("Item")
Decoded = tuple[np.ndarray, tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """Pictures as the model takes them, uint8 (B, H, W, C), and those that cannot be decoded.

    `sizes` are the (height, width) that the pictures came in, where that was asked for.
    """

    pictures: list[Picture]
    pixels: np.ndarray
    left_out: list[LeftOut] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)


class StandstillWatch:
    """Notices that pictures have given nothing more for too long: a disk or a network that hangs.

    Args:
        seconds: How long is too long; None never.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def touch(self) -> None:
        """Note that a picture was dealt with."""
        self._last = time.monotonic()

    def wait_for(self, future: Future[Item]) -> Item:
        """Wait for a result as long as pictures come.

        Raises:
            DatasetError: None came for too long.
        """
        self.touch()  # what came before was waiting for the model
        while True:
            left = None if self._seconds is None else self._last + self._seconds - time.monotonic()
            if left is not None and left <= 0:
                raise DatasetError(
                    f"The pictures gave nothing more for {self._seconds:g} s while decoding.\n"
                    "Check the disk or network they lie on; if it is only slow, wait longer: --read-timeout"
                )
            try:
                return future.result(left)
            except TimeoutError:
                if future.done():  # its own
                    raise


def decode_batches(
    pictures: Sequence[Picture],
    spool: Spool,
    model: SavedModel,
    size: int,
    watch: StandstillWatch | None = None,
    *,
    with_sizes: bool = False,
) -> Iterator[DecodedBatch]:
    """Decode pictures in a few threads exactly as for training, `size` readable ones a batch, in order."""

    def decode(picture: Picture) -> Decoded | UnreadableImageError:
        try:
            image = spool.get(picture.reference)
            header = read_header(image, max_pixels=model.max_pixels) if with_sizes else None
            pixels = decode_image(
                image, shape=model.image_shape, resize=model.resize, max_pixels=model.max_pixels
            )
            return pixels, (header.height, header.width) if header else None
        except UnreadableImageError as error:
            return error
        finally:
            if watch:
                watch.touch()

    batch = _new_batch(model, size)
    for picture, decoded in zip(pictures, map_in_order(decode, pictures), strict=True):
        if isinstance(decoded, UnreadableImageError):
            batch.left_out.append(LeftOut(picture.id, str(decoded)))
            continue
        batch.pixels[len(batch.pictures)], original = decoded
        batch.pictures.append(picture)
        if original:
            batch.sizes.append(original)
        if len(batch.pictures) == size:
            yield batch
            batch = _new_batch(model, size)
    yield batch


def run_ahead(
    items: Iterator[Item], ahead: int, watch: StandstillWatch | None = None
) -> Iterator[Item]:
    """Let a thread of its own work on the first few items at once, and yield all that an iterator yields.

    Raises:
        DatasetError: The watch has seen nothing for too long; what hangs is left behind.
    """
    end = object()
    thread = ThreadPoolExecutor(1)
    coming = deque(thread.submit(next, items, end) for _ in range(ahead))
    return _take(items, thread, coming, end, watch or StandstillWatch(None))


def _take(
    items: Iterator[Item],
    thread: ThreadPoolExecutor,
    coming: deque[Future[Item | object]],
    end: object,
    watch: StandstillWatch,
) -> Iterator[Item]:
    try:
        while (item := watch.wait_for(coming.popleft())) is not end:
            coming.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _new_batch(model: SavedModel, size: int) -> DecodedBatch:
    return DecodedBatch([], np.zeros((size, *model.image_shape), dtype=np.uint8))
