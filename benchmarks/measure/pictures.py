"""The pictures that all systems of a benchmark train on: drawn ones, or a real source in our own splits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.plugin import ImageTask

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFiles:
    """Labelled pictures as files that any process can open.

    Attributes:
        images: `.npy` of uint8 (N, H, W, C).
        labels: `.npy` of int32 (N,).
        splits: `.npy` of uint8 (N,): 0 train, 1 validation, 2 test.
        class_names: In the order of the labels.
    """

    images: str
    labels: str
    splits: str
    class_names: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def draw_pictures(
    folder: Path,
    *,
    train: int,
    validation: int,
    shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    seed: int = 0,
) -> PictureFiles:
    """Draw pictures that can be told apart: a pattern a class under heavy noise. Speed does not depend on content.

    Args:
        folder: Takes the files.
        train: Pictures to train on; `validation` come on top.
        validation: Pictures to validate on.
        shape: (height, width, channels).
        classes: How many.
        seed: Of the patterns and the noise.
    """
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, train + validation).astype("int32")
    patterns = random.integers(32, 224, (classes, *shape)).astype("int16")
    images = np.empty((len(labels), *shape), "uint8")
    for start in range(0, len(labels), 4096):  # a block at a time, for noise takes twice the memory
        part = slice(start, start + 4096)
        noise = random.integers(-96, 97, images[part].shape, dtype="int16")
        images[part] = np.clip(patterns[labels[part]] + noise, 0, 255)
    splits = np.repeat(np.array([0, 1], "uint8"), [train, validation])
    names = tuple(f"class {number}" for number in range(classes))
    return _save(folder, images, labels, splits, names)


def prepare_pictures(source: str, *, cache: Path, seed: int) -> PictureFiles:
    """Read a real source as `imgcls-automl search --data source --seed seed` does, with the very same splits."""
    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.prepare import prepare_dataset

    request = DatasetRequest(
        data=(source,),
        test_data=None,
        adapter=None,
        options={},
        image_size=None,
        resize="stretch",
        seed=seed,
        max_bad=None,
        cache=cache,
    )
    dataset = prepare_dataset(request, folder=None, log=None)
    return PictureFiles(
        images=str(dataset.images),
        labels=str(dataset.labels),
        splits=str(dataset.splits),
        class_names=dataset.task.class_names,
    )


def take_pictures(
    files: PictureFiles, folder: Path, *, train: int, validation: int, seed: int = 0
) -> PictureFiles:
    """Copy a random part of each split, so that a real source trains as many pictures as a drawn one."""
    labels, splits = np.load(files.labels), np.load(files.splits)
    random = np.random.default_rng(seed)
    chosen = np.concatenate(
        [
            random.permutation(np.flatnonzero(splits == split))[:count]
            for split, count in enumerate((train, validation))
        ]
    )
    images = np.load(files.images, mmap_mode="r")[chosen]
    return _save(folder, images, labels[chosen], splits[chosen], files.class_names)


def choose_pictures(
    source: str | None, folder: Path, *, train: int, validation: int
) -> PictureFiles:
    """So many pictures of a real source, or drawn ones of Fashion-MNIST's shape where there is none."""
    if source is None:
        return draw_pictures(folder, train=train, validation=validation)
    prepared = prepare_pictures(source, cache=folder.parent / "cache", seed=0)
    return take_pictures(prepared, folder, train=train, validation=validation)


def read_files(values: dict[str, Any]) -> PictureFiles:
    """Read back what `PictureFiles.to_json` gave."""
    return PictureFiles(**{**values, "class_names": tuple(values["class_names"])})


def load_split(files: PictureFiles, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures, uint8 (N, H, W, C), and labels, int32 (N,), of one split, in the set's order."""
    chosen = np.flatnonzero(np.load(files.splits) == SPLITS.index(split))
    images = np.load(files.images, mmap_mode="r")[chosen]
    return images, np.load(files.labels)[chosen]


def describe_task(files: PictureFiles) -> ImageTask:
    """What a search space may know of the pictures."""
    from imgcls_automl.plugin import ImageTask

    height, width, channels = np.load(files.images, mmap_mode="r").shape[1:]
    labels = np.load(files.labels)[np.load(files.splits) == 0]
    counts = np.bincount(labels, minlength=len(files.class_names))
    return ImageTask(
        image_shape=(height, width, channels),
        class_names=files.class_names,
        class_counts=tuple(int(count) for count in counts),
    )


def open_dataset(files: PictureFiles) -> Dataset:
    """The same pictures as imgcls-automl's own data stage would hand them on."""
    from imgcls_automl.data.dataset import Dataset

    sizes = np.bincount(np.load(files.splits), minlength=3)
    return Dataset(
        task=describe_task(files),
        images=Path(files.images),
        labels=Path(files.labels),
        splits=Path(files.splits),
        fingerprint="benchmark",
        split_sizes=(int(sizes[0]), int(sizes[1]), int(sizes[2])),
        unreadable=0,
        adapter="benchmark",
        plugin="benchmark",
        reason="made for a benchmark",
        resize="stretch",
        cached=True,
    )


def _save(
    folder: Path,
    images: np.ndarray,
    labels: np.ndarray,
    splits: np.ndarray,
    class_names: tuple[str, ...],
) -> PictureFiles:
    folder.mkdir(parents=True)
    paths = {name: str(folder / f"{name}.npy") for name in ("images", "labels", "splits")}
    np.save(paths["images"], images)
    np.save(paths["labels"], labels)
    np.save(paths["splits"], splits)
    return PictureFiles(class_names=class_names, **paths)
