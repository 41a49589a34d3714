"""The data set as the rest of a run sees it: small values and paths, never the pictures."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imgcls_automl.plugin import ImageTask

SPLITS = ("train", "validation", "test")
# The code of a picture that is in none: a copy of it is in a later split, or the user excluded it.
LEFT_OUT = len(SPLITS)
NO_LABEL = -1  # of a picture that the user excluded
RESIZE_MODES = ("stretch", "pad", "crop")  # the first unless the user says otherwise
MIN_SIDE = 8  # pixels: what every search space builds from
MAX_PIXELS = 200_000_000  # of one picture, unless the user says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRequest:
    """What the user asked for, as the data stage needs it.

    Attributes:
        data: The sources to search on, one or more of one kind.
        test_data: A second source, all of it the test split; None where there is none.
        adapter: An adapter's name or class reference; None to choose by matching.
        options: The adapter's keyword arguments.
        image_size: (height, width) in pixels; None to derive it from the pictures.
        resize: How pictures of another shape are fitted: `"stretch"`, `"pad"` or `"crop"`.
        seed: Decides the random splits.
        max_bad: The most unreadable pictures tolerated; None for more than 1% and more than 10.
        folds: How many folds train + validation are cut into; None for one validation split.
        test_share: Of the pictures, held out for the test where the source states no test split; None for the usual.
        cache: The folder that holds decoded data sets.
        max_pixels: Pictures of more, height times width, are refused before they are decoded.
        cache_limit: Bytes that all of them together may take; None for as many as there is room for.
        read_timeout: Seconds after which a source that gives nothing more is given up; None never.
        exclude: Files that list pictures to leave out.
        relabel: Files that list pictures with their right labels.
        earlier: What run.json holds of the set a run began with, which is resumed now: another is refused before
            anything is written. None for a new run.
        recorded: The `data/` folder of a run that this one goes on with: where it is of this very set, its splits
            stand, whatever this version would draw. None for a new run.
    """

    data: tuple[str, ...]
    test_data: str | None
    adapter: str | None
    options: dict[str, str]
    image_size: tuple[int, int] | None
    resize: str
    seed: int
    max_bad: int | None
    cache: Path
    folds: int | None = None
    test_share: float | None = None
    max_pixels: int = MAX_PIXELS
    cache_limit: int | None = None
    read_timeout: float | None = None
    exclude: tuple[str, ...] = ()
    relabel: tuple[str, ...] = ()
    earlier: Mapping[str, Any] | None = None
    recorded: Path | None = None

    @property
    def described(self) -> str:
        """The sources, for messages: `"cats, dogs"`."""
        return ", ".join(self.data)

    @property
    def inspect_command(self) -> str:
        """What to type to be told all about the pictures, ready to be pasted into a shell."""
        options = ["--test-data", self.test_data] if self.test_data is not None else []
        if self.image_size is not None:
            options += ["--image-size", "x".join(map(str, self.image_size))]
        if self.resize != RESIZE_MODES[0]:
            options += ["--resize", self.resize]
        return self._command("inspect", *self.data, *options)

    @property
    def quarantine_commands(self) -> list[str]:
        """What to type to set unreadable files aside, a command for each source."""
        sources = [*self.data, *([self.test_data] if self.test_data is not None else [])]
        return [self._command("quarantine", source, "--to", "DIR") for source in sources]

    def _command(self, *words: str) -> str:
        options = ["--adapter", self.adapter] if self.adapter is not None else []
        for name, value in self.options.items():
            options += ["--data-option", f"{name}={value}"]
        if self.max_pixels != MAX_PIXELS:
            options += ["--max-pixels", str(self.max_pixels)]
        return shlex.join(["imgcls-automl", "data", *words, *options])

    def __post_init__(self) -> None:
        if self.resize not in RESIZE_MODES:
            raise ConfigError(
                f"The resize mode must be one of {', '.join(RESIZE_MODES)}, "
                f"but got {self.resize!r}."
            )
        if self.image_size is not None and min(self.image_size) < MIN_SIDE:
            height, width = self.image_size
            raise ConfigError(
                f"The image size must be at least {MIN_SIDE}x{MIN_SIDE} pixels, "
                f"but got {height}x{width}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestProgress:
    """How far the data stage is.

    Attributes:
        stage: `"reading"`, `"checking"` (the headers of encoded pictures), `"decoding"`, `"comparing"`, or
            `"waiting"` for another process that decodes the same set; of a quarantine, `"opening"` and `"moving"`.
        done: Pictures dealt with.
        total: Out of how many; None while that is not known.
    """

    stage: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A checked, decoded and split data set.

    Attributes:
        task: Shape, class names and training counts.
        images: `.npy` file of uint8 pictures (N, H, W, C), to be memory-mapped.
        labels: `.npy` file of int32 class indices (N,), `NO_LABEL` for excluded pictures.
        splits: `.npy` file of uint8 indices into `SPLITS` (N,), or `LEFT_OUT`.
        fingerprint: Names the content: ids, labels, stated splits, groups and pixels.
        split_sizes: Pictures in train, validation and test; with folds all but the test pictures are in train.
        unreadable: How many pictures were left out.
        adapter: The adapter's name.
        plugin: The adapter's package and version.
        reason: Why that adapter was chosen, for the user.
        resize: As requested.
        cached: Whether it was found decoded.
        floor: What knowing the classes' frequencies alone scores on validation, by selection metric; empty where
            there is nothing to select.
        remarks: What the checks found that matters most, in a sentence each.
        corrections: What the user's lists came to, in short; see `Corrected.described`.
        folds: How many folds train is cut into; None where there is a validation split.
        fold_file: `.npy` file of int16 fold numbers from 0 (N,), -1 for what is in none; None without folds.
    """

    task: ImageTask
    images: Path
    labels: Path
    splits: Path
    fingerprint: str
    split_sizes: tuple[int, int, int]
    unreadable: int
    adapter: str
    plugin: str
    reason: str
    resize: str
    cached: bool
    floor: dict[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    corrections: str = ""
    folds: int | None = None
    fold_file: Path | None = None

    @property
    def trainings(self) -> int:
        """Trainings that a trial takes: one a fold, or one."""
        return self.folds or 1

    @property
    def training_size(self) -> int:
        """Pictures that each of these trainings learns from, about."""
        train = self.split_sizes[0]
        return train - train // self.folds if self.folds else train
