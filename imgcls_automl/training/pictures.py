"""Pictures and labels as training reads them: on the device as a whole, or a batch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.data.dataset import SPLITS
from imgcls_automl.training.holdouts import list_holdouts

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.plugin import ImageTask

EVALUATION_PIXELS = 1024 * 28 * 28  # in one evaluation batch


class Pictures:
    """One data set, opened for training. Pixels stay uint8 until they are on the device.

    Args:
        dataset: The set.
        resident_bytes: What the device has room for.
        on_batch: Called after each batch that is evaluated, as `Plan.on_steps` is after steps.

    Attributes:
        task: Shape, class names and counts.
        images: Memory-mapped uint8 (N, H, W, C).
        labels: int32 (N,).
        holdouts: What each training of a trial learns from and is scored on: one a fold, or one.
        resident: Whether all pictures are held on the device; models then take indices instead of pixels.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        resident_bytes: int,
        on_batch: Callable[[], None] = lambda: None,
    ) -> None:
        self.task: ImageTask = dataset.task
        self.images = np.load(dataset.images, mmap_mode="r")
        self.labels: np.ndarray = np.load(dataset.labels)
        self._splits = np.load(dataset.splits)
        folds = np.load(dataset.fold_file) if dataset.fold_file else None
        self.holdouts = list_holdouts(self._splits, folds)
        # Folds differ by a picture or two: in batches of one size, none of them makes a model be traced again.
        self._fold_size = max((len(it.validation) for it in self.holdouts if it.fold), default=0)
        self.resident = self.images.nbytes <= resident_bytes
        self._on_batch = on_batch
        self._on_device: tuple[Any, Any] | None = None

    def indices(self, *splits: str) -> np.ndarray:
        """Positions of a split's pictures, in the data set's order: int32."""
        wanted = [SPLITS.index(name) for name in splits]
        return np.flatnonzero(np.isin(self._splits, wanted)).astype("int32")

    def name_split(self, place: int) -> str:
        """The split of the picture at a position; it is in one."""
        return SPLITS[self._splits[place]]

    def on_device(self) -> tuple[Any, Any]:
        """Images and labels as variables on the device, copied there once for all trainings of this process."""
        if self._on_device is None:
            import keras

            self._on_device = (
                keras.Variable(self.images, dtype="uint8", trainable=False, name="images"),
                keras.Variable(self.labels, dtype="int32", trainable=False, name="labels"),
            )
        return self._on_device

    def batch(self, indices: np.ndarray) -> Any:
        """What a model takes for these pictures: their indices, or pixels and labels."""
        if self.resident:
            return indices
        return {"images": self.images[indices], "labels": self.labels[indices]}

    def evaluate(
        self, indices: np.ndarray, predict: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """Run the pictures at `indices` through a model in batches of one size.

        Args:
            indices: int32 (N,).
            predict: Takes int32 (B,), gives float32 (B, K). The last batch is filled up by repeating.

        Returns:
            float32 (N, K), in the order of `indices`.
        """
        height, width, _ = self.task.image_shape
        wanted = max(len(indices), self._fold_size)
        size = max(16, min(1024, EVALUATION_PIXELS // (height * width), wanted))
        parts = [np.zeros((0, self.task.num_classes), "float32")]
        for start in range(0, len(indices), size):
            chosen = indices[start : start + size]
            parts.append(predict(np.resize(chosen, size))[: len(chosen)])
            self._on_batch()
        return np.concatenate(parts)
