"""Everything a plugin author imports: the plugin API, version 1.

A dataset adapter turns a source the user names into `Sample`s; a search space turns an Optuna trial into a
`Candidate` and a candidate into a Keras model. Register a class under one of the entry-point groups

    imgcls_automl.datasets          DatasetAdapter, optionally HasFingerprint, HasExtent
    imgcls_automl.search_spaces     SearchSpace, optionally HasBaselines, HasInitialise

and it is called with the user's `--data-option k=v` or `--space-option k=v` pairs as keyword arguments, always
strings. Version 1 grows only by keyword-only fields with defaults and by optional one-method protocols. Import
Keras inside `build`, so that listing plugins and reading data stay instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, get_args, runtime_checkable

from imgcls_automl.errors import DatasetError, PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import keras
    import numpy as np
    import optuna

__all__ = [
    "API_VERSION",
    "Augmentation",
    "Candidate",
    "DatasetAdapter",
    "DatasetError",
    "Extent",
    "HasBaselines",
    "HasExtent",
    "HasFingerprint",
    "HasInitialise",
    "ImageTask",
    "Match",
    "PluginError",
    "Problem",
    "Sample",
    "SearchSpace",
    "Training",
]

API_VERSION = 1

SPLITS = ("train", "validation", "test")
OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("one_cycle", "cosine", "constant")

# What a candidate's model mapping may hold: values that JSON keeps exactly.
Scalar = bool | int | float | str


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, but got {value!r}.")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, but got {value!r}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One labelled picture.

    Attributes:
        id: Unique and stable within its source: `"cats/001.jpg"`, `"fashion.csv:17"`.
        image: A file in an encoded format, the bytes of one, or pixels as uint8 or uint16, (H, W) or (H, W, C)
            with C 1, 3 or 4.
        label: The class name; None only where pictures are read to be predicted.
        split: `"train"`, `"validation"` or `"test"` where the source says so.
        group: Samples of one group (a patient, a scene) never straddle a split.
    """

    id: str
    image: Path | bytes | np.ndarray
    label: str | None
    split: str | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id:
            raise ValueError(f"Sample.id must be a text that is not empty, but got {self.id!r}.")
        if self.label is not None and not isinstance(self.label, str):
            raise ValueError(
                f"Sample.label must be a text or None, but got {self.label!r} ({self.id})."
            )
        if self.split is not None and self.split not in SPLITS:
            raise ValueError(
                f"Sample.split must be one of {SPLITS}, but got {self.split!r} ({self.id})."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Yielded in place of a sample that cannot be had; reading goes on.

    Attributes:
        id: That of the sample; unique among samples and problems.
        detail: Why, in words.
        lost: Whether a picture is lost with it: too many such problems stop a run. False for what the user is only
            told of, as files that are no pictures.
    """

    id: str
    detail: str
    lost: bool = True


class Match(NamedTuple):
    """How well a source suits an adapter: 0..1, and the reason, shown to the user."""

    score: float
    reason: str


@runtime_checkable
class DatasetAdapter(Protocol):
    """Reads one kind of source."""

    def match(self, source: str) -> Match | None:
        """Look, without reading, whether this is a source of ours; None where it is not."""
        ...

    def read(self, source: str) -> Iterator[Sample | Problem]:
        """Yield all samples in a stable order.

        Raises:
            DatasetError: No sample can be had; says which file, row and column, and what to do.
        """
        ...


@runtime_checkable
class HasFingerprint(Protocol):
    """Optional: lets a cached data set be found without reading it."""

    def fingerprint(self, source: str) -> str:
        """Name the state of the source: another text whenever `read` would yield something else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much a source hands over as pixels or bytes: at least, and as far as can be told without reading it.

    Attributes:
        pictures: At least so many.
        size: Bytes of them all, at least, as `Sample.image` holds them; files count nothing.
        image_shape: (height, width, channels) of every picture; None where they differ or that is not known.
    """

    pictures: int
    size: int
    image_shape: tuple[int, int, int] | None = None


@runtime_checkable
class HasExtent(Protocol):
    """Optional: lets a source that fits on no disk be refused before it is read."""

    def extent(self, source: str) -> Extent | None:
        """Look, without reading, how much `read` will yield; None where that cannot be told."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTask:
    """What a search space may know of the data.

    Attributes:
        image_shape: (height, width, channels) of every picture.
        class_names: In the order of the labels 0, 1, 2...
        class_counts: Training images per class, in the same order.
    """

    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.class_names) != len(self.class_counts):
            raise ValueError(
                f"ImageTask needs one count a class, but got {len(self.class_names)} names "
                f"and {len(self.class_counts)} counts."
            )

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def train_size(self) -> int:
        return sum(self.class_counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Random changes to training pictures, and to them only; everything is off by default.

    Attributes:
        horizontal_flip: Mirror every other picture left to right.
        rotation: Largest angle either way, as a share of a full turn.
        zoom: Largest change of size either way, as a share of the side.
        translation: Largest shift either way, as a share of the side.
        erasing: Probability that a random rectangle is erased (Zhong et al., 2017, arXiv:1708.04896).
        mixup: alpha of Beta(alpha, alpha); 0 is off (Zhang et al., 2017, arXiv:1710.09412).
    """

    horizontal_flip: bool = False
    rotation: float = 0.0
    zoom: float = 0.0
    translation: float = 0.0
    erasing: float = 0.0
    mixup: float = 0.0

    def __post_init__(self) -> None:
        _check_range("Augmentation.rotation", self.rotation, 0.0, 0.5)
        _check_range("Augmentation.zoom", self.zoom, 0.0, 0.9)
        _check_range("Augmentation.translation", self.translation, 0.0, 0.9)
        _check_range("Augmentation.erasing", self.erasing, 0.0, 1.0)
        _check_range("Augmentation.mixup", self.mixup, 0.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How a candidate is trained.

    Attributes:
        batch_size: Images per step.
        optimizer: `"adamw"`, `"adam"` or `"sgd"` (Nesterov, momentum 0.9).
        learning_rate: At its peak.
        weight_decay: Decoupled from the gradient (Loshchilov and Hutter, 2017, arXiv:1711.05101). Plain `"adam"`
            takes none: decoupled decay is what tells AdamW from it.
        schedule: `"one_cycle"` (linear up, then down; Smith, 2017, arXiv:1708.07120), `"cosine"` or `"constant"`.
        label_smoothing: Share of the target spread over all classes.
        frozen_epochs: Epochs before the layers that were built untrainable thaw; from then on all train at a tenth
            of the rate. 0: they stay as they were built.
        augmentation: Random changes to training pictures.
    """

    batch_size: int = 128
    optimizer: str = "adamw"
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    schedule: str = "one_cycle"
    label_smoothing: float = 0.0
    frozen_epochs: int = 0
    augmentation: Augmentation = Augmentation()

    def __post_init__(self) -> None:
        _check_range("Training.batch_size", self.batch_size, 1, 65_536)
        _check_choice("Training.optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("Training.schedule", self.schedule, SCHEDULES)
        _check_range("Training.learning_rate", self.learning_rate, 0.0, 100.0)
        _check_range("Training.weight_decay", self.weight_decay, 0.0, 10.0)
        _check_range("Training.label_smoothing", self.label_smoothing, 0.0, 0.99)
        _check_range("Training.frozen_epochs", self.frozen_epochs, 0, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One point of a search space: what `build` needs, and nothing else, and how to train it."""

    model: Mapping[str, Scalar]
    training: Training = Training()

    def __post_init__(self) -> None:
        for key, value in self.model.items():
            if not isinstance(key, str) or not isinstance(value, get_args(Scalar)):
                raise ValueError(
                    "Candidate.model must map texts to bool, int, float or str, "
                    f"but got {key!r}: {value!r} ({type(value).__name__})."
                )


@runtime_checkable
class SearchSpace(Protocol):
    """A family of networks and of ways to train them."""

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        """Draw a candidate. Pure: calls `trial.suggest_*` and nothing else of the trial."""
        ...

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        """Build the network of a candidate's `model`.

        Input: float32 images (N, H, W, C) in [0, 1]. Output: logits (N, num_classes). Uncompiled, at any image
        shape from 8x8 up. Sets no dtype policy: the engine does.
        """
        ...


@runtime_checkable
class HasBaselines(Protocol):
    """Optional: known-good points, tried before anything else."""

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        """Complete parameter sets: a value for every name `suggest` would draw on the way."""
        ...


@runtime_checkable
class HasInitialise(Protocol):
    """Optional: pretrained weights, statistics of the data; called once per fresh training."""

    def initialise(self, model: keras.Model, images: np.ndarray) -> None:
        """Set weights of the built model. `images`: training pictures, uint8 (N, H, W, C), not to be changed."""
        ...
