"""How far other pictures are from those that a model was trained on: size, brightness, class mix."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import median_low
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.results.documents import damaged, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SIZE_RATIO = 2.0  # times as high or wide
BRIGHTNESS_SHIFT = (
    0.5  # of the standard deviation among training pictures: a medium effect (Cohen, 1988)
)
CLASS_SHIFT = 0.1  # of all pictures that are of another class than the training mix has it
_SURE = 3.0  # standard errors: less may be chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What some labelled pictures look like as a whole.

    Attributes:
        height, width: The median picture's before decoding, in pixels.
        brightness: Mean over pictures of their pixels' mean, 0-255; None where it is not known.
        brightness_sd: How far pictures differ in it (standard deviation).
        class_shares: Of each of the model's classes.
    """

    height: float
    width: float
    brightness: float | None
    brightness_sd: float
    class_shares: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def describe_appearance(
    sizes: Sequence[tuple[int, int]], means: np.ndarray, labels: np.ndarray, classes: int
) -> Appearance:
    """Sum up N >= 1 pictures: their (height, width), mean pixels (N,) and class indices (N,)."""
    shares = np.bincount(labels, minlength=classes) / len(labels)
    return Appearance(
        height=float(median_low(height for height, _ in sizes)),
        width=float(median_low(width for _, width in sizes)),
        brightness=float(means.mean()),
        brightness_sd=float(means.std()),
        class_shares=tuple(float(share) for share in shares),
    )


def read_training_appearance(run: Path, class_names: Sequence[str]) -> Appearance:
    """What the run's data/summary.json tells of the pictures it was trained and selected on.

    Raises:
        RunFolderError: The file is missing or damaged.
    """
    path = run / "data/summary.json"
    summary = read_object(path)
    try:
        checks = summary.get("checks", {})
        height, width = _read_size(summary, checks)
        brightness = checks.get("brightness")
        return Appearance(
            height=height,
            width=width,
            brightness=float(brightness["mean"]) if brightness else None,
            brightness_sd=float(brightness["sd"]) if brightness else 0.0,
            class_shares=_read_shares(summary["classes"], class_names),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(path, f"a field is missing or of the wrong kind ({error})") from error


def _read_size(summary: Mapping[str, Any], checks: Mapping[str, Any]) -> tuple[float, float]:
    """The median picture's (height, width)."""
    if sizes := checks.get("sizes"):
        return float(sizes["height"]), float(sizes["width"])
    # Older versions only wrote those of all pictures, the test split's among them.
    original = summary["original"]["sizes"]
    return float(original["height"]["median"]), float(original["width"]["median"])


def _read_shares(
    classes: Sequence[Mapping[str, Any]], class_names: Sequence[str]
) -> tuple[float, ...]:
    counts = {it["name"]: int(it["train"]) + int(it["validation"]) for it in classes}
    total = sum(counts.values()) or 1
    return tuple(counts.get(name, 0) / total for name in class_names)


def remark_on_drift(
    training: Appearance, here: Appearance, pictures: int, class_names: Sequence[str]
) -> list[str]:
    """Say what differs clearly, a sentence each; nothing where all is alike.

    Args:
        training: The pictures the model learned from.
        here: Those it is evaluated on.
        pictures: How many these are.
        class_names: The model's.
    """
    remarks = [
        _compare_sizes(training, here),
        _compare_brightness(training, here, pictures),
        _compare_classes(training, here, pictures, class_names),
    ]
    return [remark for remark in remarks if remark]


def _compare_sizes(training: Appearance, here: Appearance) -> str:
    ratios = (here.height / training.height, here.width / training.width)
    if all(1 / SIZE_RATIO < ratio < SIZE_RATIO for ratio in ratios):
        return ""
    return (
        f"The pictures are of another size: {here.height:.0f}x{here.width:.0f} pixels (the median; height x width), "
        f"in training {training.height:.0f}x{training.width:.0f}."
    )


def _compare_brightness(training: Appearance, here: Appearance, pictures: int) -> str:
    if training.brightness is None or here.brightness is None:
        return "How bright the training pictures were is not known: an older version wrote the run."
    shift = here.brightness - training.brightness
    noise = _SURE * max(training.brightness_sd, here.brightness_sd) / math.sqrt(pictures)
    if abs(shift) <= max(BRIGHTNESS_SHIFT * training.brightness_sd, noise, 1.0):
        return ""
    return (
        f"The pictures are {'brighter' if shift > 0 else 'darker'}: {here.brightness:.0f} of 255 in the mean, "
        f"in training {training.brightness:.0f} (and {training.brightness_sd:.0f} either way between pictures)."
    )


def _compare_classes(
    training: Appearance, here: Appearance, pictures: int, class_names: Sequence[str]
) -> str:
    before, now = np.array(training.class_shares), np.array(here.class_shares)
    moved = float(np.abs(now - before).sum() / 2)  # the total variation distance
    # What chance alone moves: half the sum of the mean deviations of K binomial shares.
    chance = float(np.sqrt(2 / math.pi * before * (1 - before) / pictures).sum() / 2)
    if moved <= max(CLASS_SHIFT, 2 * chance):
        return ""
    most = int(np.abs(now - before).argmax())
    return (
        f"The class mix differs by {moved:.0%} of the pictures, most of all {class_names[most]!r}: "
        f"{now[most]:.0%} here, {before[most]:.0%} in training."
    )
